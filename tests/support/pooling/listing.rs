//! That the list of tests at the head of `pool.rs` is of tests that exist.

const FILES: [(&str, &str); 17] = [
    ("cancelling", include_str!("cancelling.rs")),
    ("checking", include_str!("checking.rs")),
    ("checkout", include_str!("checkout.rs")),
    ("ending", include_str!("ending.rs")),
    ("found", include_str!("found.rs")),
    ("hooking", include_str!("hooking.rs")),
    ("keeping", include_str!("keeping.rs")),
    ("lines", include_str!("lines.rs")),
    ("named", include_str!("named.rs")),
    ("orders", include_str!("orders.rs")),
    ("outages", include_str!("outages.rs")),
    ("panics", include_str!("panics.rs")),
    ("script", include_str!("script.rs")),
    ("settings", include_str!("settings.rs")),
    ("telling", include_str!("telling.rs")),
    ("threads", include_str!("threads.rs")),
    ("task", include_str!("task.rs")),
];

#[test]
fn every_test_that_is_listed_exists() {
    let rows = include_str!("../../pool.rs").lines();
    let rows: Vec<_> = rows.filter(|line| line.starts_with("//! | ")).collect();
    assert!(rows.len() > 100);
    for row in rows {
        let Some((module, name)) = row
            .split('`')
            .nth_back(1)
            .and_then(|name| name.split_once("::"))
        else {
            continue;
        };
        let file = FILES.iter().find(|(file, _)| *file == module);
        let function = format!("fn {name}(");
        assert!(
            file.is_some_and(|(_, text)| text.contains(&function)),
            "{row}"
        );
    }
}
