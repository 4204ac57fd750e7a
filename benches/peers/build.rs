//! Hands the compiler's version to the program, which prints it in the header of a run.

use std::env;
use std::io::{self, Write};
use std::process::Command;

fn main() -> io::Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    let mut cargo = io::stdout();
    writeln!(cargo, "cargo::rustc-env=PEERS_RUSTC={}", version.trim())?;
    writeln!(cargo, "cargo::rerun-if-changed=build.rs")
}
