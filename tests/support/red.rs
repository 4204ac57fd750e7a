//! Models that must fail: the same test in a process of its own, with a fault switched on.

use std::process::Command;

/// Runs `test` with `fault` and insists that it fails for the reason that `complaint` is part of.
pub(crate) fn must_fail(test: &str, fault: &str, complaint: &str) {
    let program = std::env::current_exe().expect("a test knows its own program");
    let mut child = Command::new(program);
    let outcome = child
        .args([test, "--exact", "--nocapture"])
        .env("TENFOLD_FAULT", fault)
        // It ends with the first schedule that shows the fault, which chance may put late.
        .env("TENFOLD_SCHEDULES", "200000")
        .output();
    let outcome = outcome.expect("the test program starts");
    let said = String::from_utf8_lossy(&outcome.stderr) + String::from_utf8_lossy(&outcome.stdout);
    assert!(
        said.contains("running 1 test"),
        "there is no test {test}: {said}"
    );
    assert!(!outcome.status.success(), "{test} did not notice {fault}");
    assert!(
        said.contains(complaint),
        "{test} noticed {fault}, but for another reason: {said}"
    );
}
