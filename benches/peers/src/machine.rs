//! What a figure depends on: printed before any.

use std::fs;
use std::io::{self, Write};
use std::thread;

/// Prints the machine, the compiler and the version of every pinned peer.
pub(crate) fn header(out: &mut impl Write) -> io::Result<()> {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let processor = processor().unwrap_or_else(|| format!("unknown {}", std::env::consts::ARCH));
    writeln!(out, "{processor}, {cores} cores, {}", env!("PEERS_RUSTC"))?;
    if let Some(load) = load() {
        writeln!(
            out,
            "load before the run: {load} (on a busy machine rows of several threads mean little)"
        )?;
    }
    let peers: Vec<String> = pins(include_str!("../Cargo.toml"))
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    writeln!(out, "peers: {}", peers.join(", "))
}

/// The processor's name, where the system tells it in a file.
fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// How many threads wanted to run during the last minute, where the system tells it in a file.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next().map(str::to_owned)
}

/// Name and version of every dependency pinned to one version in a manifest.
fn pins(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    manifest.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" = ").filter(|_| !line.starts_with('#'))?;
        let (_, pinned) = rest.split_once("\"=")?;
        Some((name, pinned.split_once('"')?.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_pinned_dependencies_only() {
        let manifest = "# pin = \"=0.0.0\"\nserde = \"1\"\na-b = \"=1.2.3\"\nc = { version = \"=4.5.6\", features = [] }\n";
        assert_eq!(
            pins(manifest).collect::<Vec<_>>(),
            [("a-b", "1.2.3"), ("c", "4.5.6")]
        );
    }

    #[test]
    fn every_peer_is_pinned() {
        assert!(pins(include_str!("../Cargo.toml")).count() >= 11);
    }
}
