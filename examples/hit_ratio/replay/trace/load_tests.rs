use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn with(&self, name: &str, text: &[u8]) -> PathBuf {
        let file = self.0.path().join(name);
        fs::write(&file, text).unwrap();
        file
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn entries(file: &Path) -> Result<Trace, Problem> {
    load(file, None, &Weighing::Entries, usize::MAX)
}

fn reason(result: Result<Trace, Problem>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn numbers_keys_as_they_appear_and_counts_bad_lines() {
    let files = Files::new();
    let text = b"b\n7\n\nb\ntwo words\nc\n7";
    for file in [files.with("keys", text), files.with("keys.gz", &gzip(text))] {
        let trace = entries(&file).unwrap();
        assert_eq!(trace.keys, [0, 1, 0, 2, 1]);
        assert_eq!((trace.distinct, trace.whole), (3, 3));
        assert_eq!(trace.bad.lines, 2);
        assert_eq!(trace.bad.first, Some((3, "it is empty")));
        assert_eq!(trace.weight(0), 1);
    }
}

#[test]
fn goes_on_after_the_lines_that_were_peeked_at() {
    let files = Files::new();
    let lines: String = (0..3 * PEEKED).map(|key| format!("{key}\n")).collect();
    let trace = entries(&files.with("keys", lines.as_bytes())).unwrap();
    assert!(trace.keys.iter().copied().eq(0..300));
}

#[test]
fn a_line_of_megabytes_is_one_bad_line() {
    let files = Files::new();
    let mut text = b"a\n".to_vec();
    text.resize(3 << 20, b'x');
    text.extend(b"\nb\n");
    let trace = entries(&files.with("keys", &text)).unwrap();
    assert_eq!((trace.keys.len(), trace.bad.lines), (2, 1));
    assert_eq!(trace.bad.first, Some((2, "it is too long")));
}

#[test]
fn a_csv_may_have_a_header_and_sizes() {
    let files = Files::new();
    let file = files.with("trace.csv", b"time,key,size\n1,a,10\n2,b,0\n3,a,30\n4,c\n");
    let trace = load(&file, None, &Weighing::Trace, usize::MAX).unwrap();
    assert_eq!(trace.format, Format::Csv);
    let requests: Vec<_> = trace.requests().collect();
    assert_eq!(requests, [(0, 10), (1, 1), (0, 30)]);
    assert_eq!(trace.whole, 11);
    assert_eq!(trace.bad.first, Some((5, "it has no weight")));
    let trace = entries(&file).unwrap();
    assert_eq!((trace.keys.len(), trace.bad.lines), (4, 0));
}

#[test]
fn weights_stand_beside_the_trace_line_for_line() {
    let files = Files::new();
    let trace = files.with("keys", b"a\n\nb\nc\n");
    let read = |weights: &[u8], most| {
        let file = files.with("weights", weights);
        load(&trace, None, &Weighing::File(file), most)
    };
    let read_whole = read(&gzip(b"5\n6\n7\nbig\n"), usize::MAX).unwrap();
    let requests: Vec<_> = read_whole.requests().collect();
    assert_eq!(requests, [(0, 5), (1, 7)]);
    assert_eq!(read_whole.bad.lines, 2);
    assert!(reason(read(b"5\n6\n7\n", usize::MAX)).contains("fewer lines"));
    assert!(reason(read(b"5\n6\n7\n8\n9\n", usize::MAX)).contains("more lines"));
    assert!(read(b"5\n6\n7\n8\n9\n", 2).unwrap().cut);
    let alone = load(&trace, None, &Weighing::Trace, usize::MAX);
    assert!(reason(alone).contains("--weights"));
}

#[test]
fn a_log_of_other_requests_than_get_is_left_out() {
    let files = Files::new();
    let line = |request: &str| {
        format!("192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] \"{request}\" 200 99 \"-\" \"-\"\n")
    };
    let log = [
        "GET /a HTTP/1.1",
        "POST /a HTTP/1.1",
        "GET /a?q HTTP/1.1",
        "-",
    ]
    .map(line);
    let trace = entries(&files.with("access.log", log.concat().as_bytes())).unwrap();
    assert_eq!(trace.keys, [0, 0]);
    assert_eq!((trace.left_out, trace.bad.lines), (2, 0));
}

#[test]
fn a_limit_cuts() {
    let files = Files::new();
    let file = files.with("keys", b"a\nb\nc\n");
    let cut = load(&file, None, &Weighing::Entries, 2).unwrap();
    assert_eq!((cut.keys.len(), cut.cut), (2, true));
    assert!(!load(&file, None, &Weighing::Entries, 3).unwrap().cut);
}

#[test]
fn says_why_a_file_cannot_be_read() {
    let files = Files::new();
    assert!(reason(entries(Path::new("/no/such/file"))).contains("cannot be opened"));
    assert!(reason(entries(&files.with("empty", b""))).contains("no request in 0 lines"));
    let blank = reason(entries(&files.with("blank", b"\n\n")));
    assert!(
        blank.contains("no request in 2 lines") && blank.contains("line 1 is bad"),
        "{blank}"
    );
    let mut broken = gzip(&b"some key\n".repeat(10_000));
    broken.truncate(broken.len() / 2);
    assert!(reason(entries(&files.with("broken.gz", &broken))).contains("broken gzip"));
    assert!(entries(files.0.path()).is_err());
}
