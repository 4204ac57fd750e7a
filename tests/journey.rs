//! The journey example, run as its users run it: small inputs, every option, and every way to get the input wrong.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it must be"
)]

#[path = "support/journey.rs"]
mod support;

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use support::{assert_refused, file, gzip, journey, run_to_json};

#[test]
fn replays_the_same_generated_requests_against_every_stage() {
    let (output, rows) = run_to_json(&["--requests", "2000"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        output.stderr, b"",
        "nothing but the table, and no progress bar in a pipe"
    );
    for row in &rows {
        let stage = row["stage"].as_str().unwrap();
        assert!(
            text.lines().any(|line| line.starts_with(stage)),
            "{stage} in {text}"
        );
        assert_eq!(row["requests"], 2000);
        assert_eq!(row["errors"], 0);
        assert_eq!(row["findings"], Value::Array(Vec::new()));
        let quantiles = [
            "latency_p50_nanoseconds",
            "latency_p99_nanoseconds",
            "latency_p999_nanoseconds",
        ];
        assert!(
            quantiles
                .map(|name| row[name].as_u64().unwrap())
                .is_sorted()
        );
    }
    // Without a cache in between, each request is one statement, and one in ten is a write.
    for stage in ["one-database", "four-shards"] {
        let row = find(&rows, stage);
        let writes = row["database_writes"].as_u64().unwrap();
        assert_eq!(row["acknowledged_writes"], writes);
        assert_eq!(row["database_reads"].as_u64().unwrap() + writes, 2000);
        assert!(row["throughput_requests_per_second"].as_f64().unwrap() > 0.0);
        assert!((150..250).contains(&writes), "{writes} writes");
    }
}

#[test]
fn a_run_repeats() {
    let arguments = ["--requests", "1000", "--threads", "2"];
    let (_, first) = run_to_json(&arguments);
    let (_, second) = run_to_json(&arguments);
    for (first, second) in first.iter().zip(&second) {
        // How many get in is a matter of time.
        if !first["spike"].is_null() {
            continue;
        }
        for name in ["stage", "users", "database_reads", "database_writes"] {
            assert_eq!(first[name], second[name]);
        }
        assert_eq!(
            first["resharding"]["moved_rows"],
            second["resharding"]["moved_rows"]
        );
        // In simulated time everything repeats, latencies included.
        for stage in ["cache", "pool"] {
            assert_eq!(first[stage], second[stage]);
        }
    }
}

#[test]
fn the_fifth_shard_takes_exactly_the_planned_rows() {
    let (output, rows) = run_to_json(&[
        "--stage",
        "four-shards",
        "--requests",
        "3000",
        "--threads",
        "8",
    ]);
    assert_eq!(rows.len(), 1);
    let resharding = &find(&rows, "four-shards")["resharding"];
    for count in ["lost_rows", "misplaced_rows", "rows_against_plan"] {
        assert_eq!(resharding[count], 0, "{count}");
    }
    let planned = resharding["planned_fraction"].as_f64().unwrap();
    let moved = resharding["moved_rows"].as_f64().unwrap();
    assert_eq!(resharding["rows"], rows[0]["users"]);
    assert_eq!(resharding["moved_rows"], resharding["copied_rows"]);
    assert!(
        (0.1..0.3).contains(&planned),
        "a fifth of the keys, by {planned}"
    );
    // Six standard deviations of a sample of this size.
    let users = resharding["rows"].as_f64().unwrap();
    assert!((moved / users - planned).abs() < 6.0 * (planned * (1.0 - planned) / users).sqrt());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("rows lost 0, on a wrong shard 0")
    );
}

#[test]
fn a_spike_is_served_or_refused_request_by_request() {
    let arguments = ["--stage", "admission", "--requests", "1000"];
    let (output, rows) = run_to_json(&arguments);
    let row = find(&rows, "admission");
    let spike = &row["spike"];
    let count = |run: &str, name: &str| spike[run][name].as_u64().unwrap();

    // Without a limiter everybody gets in, however late.
    assert_eq!(count("without_limiter", "refused"), 0);
    for name in ["admitted", "served"] {
        assert_eq!(
            count("without_limiter", name),
            count("without_limiter", "offered")
        );
    }
    // With one, whoever does not get in is refused, and whoever comes back when told to gets in.
    let limited = |name| count("with_limiter", name);
    assert_eq!(limited("offered"), count("without_limiter", "offered"));
    assert_eq!(limited("offered"), limited("admitted") + limited("refused"));
    assert_eq!(limited("retries_admitted"), limited("retried"));
    assert_eq!(limited("served"), limited("admitted") + limited("retried"));
    assert!(limited("retried") <= limited("refused"));
    assert!(limited("served_in_time") <= limited("served"));
    assert!(limited("refused") > 0, "{spike}");
    let statements = ["database_reads", "database_writes"].map(|name| row[name].as_u64().unwrap());
    assert_eq!(statements.iter().sum::<u64>(), limited("served"));

    let rate = |name: &str| spike[name].as_f64().unwrap();
    let (limit, capacity) = (
        rate("limit_requests_per_second"),
        rate("capacity_requests_per_second"),
    );
    assert!(0.0 < limit && limit < capacity, "{spike}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("without limiter") && text.contains("with limiter"),
        "{text}"
    );
}

#[test]
fn three_servers_share_a_load_that_is_too_much_for_one() {
    let (output, rows) = run_to_json(&["--stage", "three-servers", "--requests", "900"]);
    let row = find(&rows, "three-servers");
    let fleet = &row["fleet"];
    let by_server = |run: &str| -> Vec<u64> {
        assert_eq!(fleet[run]["offered"], 900);
        assert_eq!(fleet[run]["answered"], 900);
        let served = fleet[run]["answered_by_server"].as_array().unwrap();
        served.iter().map(|count| count.as_u64().unwrap()).collect()
    };
    assert_eq!(by_server("one_server"), [900]);
    // One after the other, however slow one of them is.
    assert_eq!(by_server("three_servers"), [300, 300, 300]);
    assert_eq!(by_server("one_slow_round_robin"), [300, 300, 300]);
    let adaptive = by_server("one_slow_adaptive");
    assert_eq!(adaptive.len(), 3);
    assert!(
        adaptive[2] < 300,
        "the slow one is asked less: {adaptive:?}"
    );
    let statements = ["database_reads", "database_writes"].map(|name| row[name].as_u64().unwrap());
    assert_eq!(statements.iter().sum::<u64>(), 900);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("one slow, Adaptive"), "{text}");
}

#[test]
fn a_cache_spares_the_databases_and_serves_nobody_an_old_profile() {
    let (output, rows) = run_to_json(&["--stage", "cache", "--requests", "5000"]);
    let row = find(&rows, "cache");
    let cache = &row["cache"];
    let count = |run: &str, name: &str| cache[run][name].as_u64().unwrap();
    let total = |name: &str| cache[name].as_u64().unwrap();

    for run in ["without_cache", "with_cache"] {
        assert_eq!(count(run, "offered"), 5000);
        assert_eq!(count(run, "answered"), 5000);
    }
    // Writes go to the databases in any case. Of the reads, those that somebody has loaded or is loading do not.
    let writes = count("without_cache", "database_writes");
    let reads = 5000 - writes;
    assert_eq!(count("with_cache", "database_writes"), writes);
    assert_eq!(count("without_cache", "database_reads"), reads);
    assert_eq!(count("with_cache", "database_reads"), total("loads"));
    assert_eq!(total("hits") + total("misses"), reads);
    assert_eq!(total("database_reads_avoided"), reads - total("loads"));
    assert!(
        total("loads") < total("misses"),
        "some join a load: {cache}"
    );
    assert!(total("hits") > reads / 10, "{cache}");
    let ratio = cache["hit_ratio"].as_f64().unwrap();
    assert!((ratio - total("hits") as f64 / reads as f64).abs() < 1e-9);
    for name in ["latency_p50_nanoseconds", "latency_p99_nanoseconds"] {
        let (before, after) = (count("without_cache", name), count("with_cache", name));
        assert!(after < before, "{name}: {before}, {after}");
    }
    assert_eq!(row["database_reads"], cache["loads"]);
    // Both runs, and each acknowledged write is in the databases: the audit has compared them.
    assert_eq!(row["acknowledged_writes"], 2 * writes);
    assert_eq!(row["findings"], Value::Array(Vec::new()));

    // Ten thousand at once.
    for (run, loads) in [("crowd_without_cache", 10_000), ("crowd_with_cache", 1)] {
        assert_eq!(count(run, "gets"), 10_000);
        assert_eq!(count(run, "answered"), 10_000);
        assert_eq!(count(run, "database_reads"), loads);
    }
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["hit ratio", "database reads avoided", "1 database read and"] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn one_hot_profile_is_read_once_per_write() {
    let directory = TempDir::new().unwrap();
    let trace = file(&directory, "hot", "the-same\n".repeat(3000).as_bytes());
    let (_, rows) = run_to_json(&["--stage", "cache", "--trace", &trace]);
    let row = find(&rows, "cache");
    let [reads, writes] =
        ["database_reads", "database_writes"].map(|name| row[name].as_u64().unwrap());
    // A load that a write overtakes is of no use to those who come after it, who load again.
    assert!(
        0 < reads && reads <= 1 + writes,
        "{reads} reads, {writes} writes"
    );
    let capacity = &row["cache"]["capacity_entries"];
    assert_eq!(capacity, 100);
}

#[test]
fn the_knee_is_where_more_connections_buy_nothing() {
    let (output, rows) = run_to_json(&["--stage", "pool", "--requests", "5000"]);
    let row = find(&rows, "pool");
    let pool = &row["pool"];
    let sizes = pool["sizes"].as_array().unwrap();
    let column = |name: &str| -> Vec<u64> {
        let counts = sizes.iter().map(|size| size[name].as_u64().unwrap());
        counts.collect()
    };
    let connections = column("connections");
    assert!(connections.is_sorted_by(|a, b| a < b), "{connections:?}");
    let (opened, answered, timed_out) = (column("opened"), column("answered"), column("timed_out"));
    let p99 = column("latency_p99_nanoseconds");
    for (size, connections) in connections.iter().enumerate() {
        assert!((1..=*connections).contains(&opened[size]), "{pool}");
        assert_eq!(answered[size] + timed_out[size], 5000);
        let statements = ["database_reads", "database_writes"].map(|name| column(name)[size]);
        assert_eq!(statements.iter().sum::<u64>(), answered[size]);
    }

    // Four are in use on average: one connection is too little by far, and as many as that just enough for some.
    let total = |name: &str| pool[name].as_u64().unwrap();
    let in_use = pool["connections_in_use"].as_f64().unwrap();
    assert!((3.8..4.2).contains(&in_use), "{in_use}");
    assert_eq!((connections[0], opened[0]), (1, 1));
    assert!(timed_out[0] > 3000 && p99[0] > 100_000_000, "{pool}");
    let knee = connections
        .iter()
        .position(|n| *n == total("connections_at_the_knee"));
    let knee = knee.unwrap();
    let last = connections.len() - 1;
    assert!(0 < knee && knee < last, "{pool}");
    for size in 0..=last {
        let enough = timed_out[size] == 0 && p99[size] as f64 <= 1.1 * p99[last] as f64;
        assert_eq!(enough, size >= knee, "{}", connections[size]);
    }
    // Nothing is opened that nobody waits for.
    assert!(opened[last - 1] < connections[last - 1], "{pool}");
    assert_eq!(opened[last - 1], opened[last], "{pool}");
    let suggested = total("connections_suggested");
    assert!(
        (connections[knee - 1]..=2 * connections[knee]).contains(&suggested),
        "{pool}"
    );

    // The row is about the knee, and the audit has compared what all of them wrote.
    assert_eq!(row["database_reads"], sizes[knee]["database_reads"]);
    let writes: u64 = column("database_writes").iter().sum();
    assert_eq!(row["acknowledged_writes"], writes);
    assert_eq!(row["findings"], Value::Array(Vec::new()));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("<- the knee").count(), 1, "{text}");
}

#[test]
fn runs_with_more_threads_than_requests() {
    let (_, rows) = run_to_json(&["--requests", "1", "--threads", "8"]);
    assert!(
        rows.iter()
            .all(|row| row["requests"] == 1 && row["users"] == 1 && row["threads"] == 8)
    );
}

#[test]
fn replays_a_plain_trace_and_its_gzip_alike() {
    let directory = TempDir::new().unwrap();
    // The last line has no end, one ends as on Windows, and a key may be any word.
    let text = "17\n4\r\n17\n18446744073709551615\nann@example.org\n17";
    let plain = file(&directory, "plain", text.as_bytes());
    // By its content, not by its name; and in two members, as `cat a.gz b.gz` makes them.
    let (head, tail) = text.split_at(9);
    let packed = file(
        &directory,
        "packed",
        &[gzip(head.as_bytes()), gzip(tail.as_bytes())].concat(),
    );
    for trace in [plain, packed] {
        let (_, rows) = run_to_json(&["--trace", &trace]);
        assert!(
            rows.iter()
                .all(|row| row["requests"] == 6 && row["users"] == 4)
        );
    }
}

#[test]
fn replays_an_access_log_by_path() {
    let directory = TempDir::new().unwrap();
    let log = file(
        &directory,
        "access.log",
        br#"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET /profile/42 HTTP/1.1" 200 2326
192.0.2.7 - ann [10/Oct/2025:13:55:37 +0000] "GET /profile/42?full=1 HTTP/1.1" 200 - "http://example.org/" "Agent (1.0)"
2001:db8::1 - ann lee [10/Oct/2025:13:55:38 +0000] "GET http://example.org/profile/42 HTTP/1.1" 304 0 "-" "-"
192.0.2.8 - - [10/Oct/2025:13:55:39 +0000] "GET /a\"b HTTP/1.0" 404 153
192.0.2.9 - - [10/Oct/2025:13:55:40 +0000] "-" 408 0 "-" "-"
192.0.2.9 - - [10/Oct/2025:13:55:41 +0000] "\x16\x03\x01" 400 150 "-" "-"
"#,
    );
    let (output, rows) = run_to_json(&["--trace", &log]);
    assert!(
        rows.iter()
            .all(|row| row["requests"] == 4 && row["users"] == 2),
        "{rows:?}"
    );
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("left out: 2")
    );
}

#[test]
fn reads_no_more_of_a_trace_than_it_replays() {
    let directory = TempDir::new().unwrap();
    let trace = file(&directory, "trace", b"1\n2\n3\nnot a key\n");
    let (_, rows) = run_to_json(&["--trace", &trace, "--requests", "3"]);
    assert!(rows.iter().all(|row| row["requests"] == 3));
}

#[test]
fn names_the_line_of_a_broken_file() {
    let directory = TempDir::new().unwrap();
    let longest = [
        b"1\n".as_slice(),
        &b"x".repeat(64 << 10),
        b"\n",
        &b"y".repeat((64 << 10) + 1),
    ]
    .concat();
    let wrong_status = br#"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" ok 1"#;
    let mut bad_checksum = gzip(b"1\n2\n");
    let end = bad_checksum.len() - 8;
    bad_checksum[end] ^= 1;
    let cases: [(&str, &[u8], u64, &str); 11] = [
        ("empty", b"", 1, "empty"),
        ("empty.gz", &gzip(b""), 1, "empty"),
        ("blank", b"1\n\n2\n", 2, "the line is empty"),
        ("words", b"1\n2\ntwo words\n", 3, "neither"),
        ("log", wrong_status, 1, "neither"),
        ("bytes", b"1\n2\n\xff\xfe\n", 3, "not UTF-8"),
        ("long", &longest, 3, "longer than 64 KiB"),
        (
            "no request",
            br#"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "-" 408 0"#,
            2,
            "without a single request",
        ),
        (
            "not gzip",
            b"\x1f\x8bnot gzip after all\n",
            1,
            "broken gzip",
        ),
        ("checksum", &bad_checksum, 3, "broken gzip"),
        ("line\nbreak", b"two words", 1, "neither"),
    ];
    for (name, content, line, reason) in cases {
        let trace = file(&directory, name, content);
        assert_refused(&["--trace", &trace], &format!(":{line}: "), reason);
    }
}

#[test]
fn names_the_line_where_a_gzip_is_cut_off() {
    let directory = TempDir::new().unwrap();
    let text: String = (0..100_000_u64)
        .map(|n| format!("{}\n", n.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect();
    let mut packed = gzip(text.as_bytes());
    packed.truncate(packed.len() / 2);
    let trace = file(&directory, "cut.gz", &packed);
    let message = assert_refused(&["--trace", &trace], "cut.gz:", "broken gzip");
    let line: u64 = message
        .split("cut.gz:")
        .nth(1)
        .and_then(|rest| rest.split(':').next())
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        (40_000..60_000).contains(&line),
        "about half of the lines arrived: {message}"
    );
}

#[test]
fn refuses_a_file_that_cannot_be_opened() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing").display().to_string();
    assert_refused(&["--trace", &missing], "missing:1: ", "cannot be opened");
    assert_refused(
        &["--trace", &directory.path().display().to_string()],
        ":1: ",
        "cannot be",
    );
}

#[test]
fn refuses_a_command_line_it_does_not_understand() {
    let cases: [(&[&str], &str); 12] = [
        (&["--requests", "0"], "--requests takes a number from 1"),
        (&["--requests", "-1"], "--requests takes a number"),
        (&["--requests", "100000001"], "to 100000000"),
        (&["--requests=many"], "'many'"),
        (&["--requests"], "--requests needs a value"),
        (&["--threads", "0"], "--threads takes a number from 1"),
        (&["--threads", "65"], "to 64"),
        (&["--trace", ""], "--trace needs a value"),
        (
            &["--stage", "nowhere"],
            "the stages are one-database, four-shards, admission, three-servers, cache, pool",
        ),
        (&["--fast"], "unknown argument '--fast'"),
        (&["trace.gz"], "unknown argument 'trace.gz'"),
        (&["two\nlines"], "unknown argument"),
    ];
    for (arguments, reason) in cases {
        assert_refused(arguments, "journey: ", reason);
    }
}

#[test]
fn refuses_results_that_cannot_be_written_before_it_runs() {
    let directory = TempDir::new().unwrap();
    let occupied = file(&directory, "file", b"");
    for option in ["--json", "--svg"] {
        let output = journey(&[option, &format!("{occupied}/below")]);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stdout, b"");
        assert!(
            String::from_utf8(output.stderr)
                .unwrap()
                .contains("cannot be written")
        );
    }
}

#[test]
fn draws_the_stages() {
    let directory = TempDir::new().unwrap();
    let charts = directory.path().join("new/charts");
    let output = journey(&["--requests", "200", "--svg", charts.to_str().unwrap()]);
    assert!(output.status.success());
    let svg = fs::read_to_string(charts.join("journey.svg")).unwrap();
    assert!(svg.starts_with("<?xml") && svg.trim_end().ends_with("</svg>"));
    for text in [
        "requests per second",
        "microseconds",
        "one-database",
        "four-shards",
        "admission",
        "three-servers",
        "cache",
        "pool",
    ] {
        assert!(svg.contains(text), "{text} in {svg}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn explains_itself() {
    let output = journey(&["--help"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for word in [
        "--trace",
        "--requests",
        "--threads",
        "--json",
        "--svg",
        "--stage",
        "one-database",
        "four-shards",
        "admission",
        "three-servers",
        "cache",
        "pool",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

fn find<'r>(rows: &'r [Value], stage: &str) -> &'r Value {
    rows.iter().find(|row| row["stage"] == stage).unwrap()
}
