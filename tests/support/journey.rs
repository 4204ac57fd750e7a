//! Builds and runs the journey example, and makes inputs for it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

/// Runs the example and returns the one line on standard error, after checking that it is one, that it contains both
/// texts, and that the exit code is 2.
pub(crate) fn assert_refused(arguments: &[&str], place: &str, reason: &str) -> String {
    let output = journey(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert_eq!(message.lines().count(), 1, "{arguments:?}: {message}");
    assert!(message.starts_with("journey: "), "{arguments:?}: {message}");
    assert!(
        message.contains(place) && message.contains(reason),
        "{arguments:?}: {message}"
    );
    message
}

/// Runs the example with `--json` and returns the rows it wrote.
pub(crate) fn run_to_json(arguments: &[&str]) -> (Output, Vec<Value>) {
    let directory = TempDir::new().unwrap();
    let json = directory.path().join("rows.json").display().to_string();
    let output = journey(&[arguments, &["--json", &json]].concat());
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rows: Vec<Value> = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    (output, rows)
}

pub(crate) fn file(directory: &TempDir, name: &str, content: &[u8]) -> String {
    let path = directory.path().join(name);
    fs::write(&path, content).unwrap();
    path.display().to_string()
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn journey(arguments: &[&str]) -> Output {
    Command::new(example()).args(arguments).output().unwrap()
}

/// The example's binary: `cargo test` builds it next to this test's own, a run of this test alone does not.
fn example() -> &'static Path {
    static EXAMPLE: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLE.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile_directory = test.parent().and_then(Path::parent).unwrap();
        let example = profile_directory
            .join("examples")
            .join("journey")
            .with_extension(std::env::consts::EXE_EXTENSION);
        if !is_up_to_date(&example) {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--quiet", "--example", "journey", "--target-dir"]);
            build.arg(profile_directory.parent().unwrap());
            if profile_directory.ends_with("release") {
                build.arg("--release");
            }
            assert!(
                build
                    .current_dir(env!("CARGO_MANIFEST_DIR"))
                    .status()
                    .unwrap()
                    .success()
            );
        }
        example
    })
}

fn is_up_to_date(example: &Path) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let changed = ["examples/journey", "src"].map(|sources| last_change(&root.join(sources)));
    fs::metadata(example)
        .and_then(|binary| binary.modified())
        .is_ok_and(|built| changed.iter().all(|at| *at <= built))
}

/// When a file below this directory was last changed.
fn last_change(directory: &Path) -> SystemTime {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let changes = entries.map(|entry| match entry.metadata().unwrap() {
        found if found.is_dir() => last_change(&entry.path()),
        found => found.modified().unwrap(),
    });
    changes.max().unwrap_or(SystemTime::UNIX_EPOCH)
}
