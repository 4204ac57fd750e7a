//! Reads a file of requests: one key per line, or an access log; plain or gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::{Workload, access_log};
use crate::problem::Problem;

/// Reads at most `most` requests. An error names the first line that could not be read.
pub(super) fn load(file: &Path, most: usize) -> Result<Workload, Problem> {
    let mut line = 1;
    read(file, most, &mut line).map_err(|reason| Problem::Input {
        file: file.to_owned(),
        line,
        reason,
    })
}

/// `line` is the line under way, counted from 1.
fn read(file: &Path, most: usize, line: &mut u64) -> Result<Workload, String> {
    let mut lines = Lines::open(file).map_err(|error| format!("cannot be opened: {error}"))?;
    let mut workload = Workload::new(format!("trace {}", file.display()));
    let mut without_path = 0_u64;
    let mut bytes = Vec::new();
    while workload.len() < most && lines.next(&mut bytes)? {
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| "the line is not UTF-8 text")?
            .trim();
        match key(text)? {
            Some(key) => workload.push(key)?,
            None => without_path += 1,
        }
        *line += 1;
    }
    if *line == 1 {
        return Err("the file is empty".to_owned());
    }
    if workload.len() == 0 {
        return Err("the file ends without a single request".to_owned());
    }
    if without_path > 0 {
        workload.origin += &format!(" (lines without a request path left out: {without_path})");
    }
    Ok(workload)
}

/// The key that a line stands for; none for an access-log line whose client sent no proper request.
fn key(text: &str) -> Result<Option<&str>, String> {
    if text.is_empty() {
        return Err("the line is empty".to_owned());
    }
    if !text.contains(char::is_whitespace) {
        return Ok(Some(text));
    }
    access_log::parse(text)
        .map(|entry| entry.path)
        .ok_or_else(|| {
            "the line is neither one key without white space nor a line of an access log".to_owned()
        })
}

/// The lines of a file, one at a time.
struct Lines {
    source: Box<dyn BufRead>,
    /// What it means when the source fails.
    failure: &'static str,
}

impl Lines {
    /// Opens the file, and decompresses it if it starts as gzip does; its name does not matter.
    fn open(file: &Path) -> io::Result<Self> {
        let mut source = File::open(file)?;
        let mut start = Vec::new();
        source
            .by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut start)?;
        let compressed = start == GZIP_MAGIC;
        let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(source));
        Ok(if compressed {
            let text = BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole));
            Self {
                source: Box::new(text),
                failure: "broken gzip",
            }
        } else {
            Self {
                source: Box::new(whole),
                failure: "cannot be read",
            }
        })
    }

    /// Replaces `bytes` by the next line, without its end; false at the end of the file.
    fn next(&mut self, bytes: &mut Vec<u8>) -> Result<bool, String> {
        bytes.clear();
        let read = (&mut self.source)
            .take(MAX_LINE_BYTES + 1)
            .read_until(b'\n', bytes)
            .map_err(|error| format!("{}: {error}", self.failure))?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        if bytes.len() as u64 > MAX_LINE_BYTES {
            return Err(format!(
                "the line is longer than {} KiB",
                MAX_LINE_BYTES >> 10
            ));
        }
        Ok(read > 0)
    }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 128 << 10;
/// Web servers refuse longer requests; a longer line is no list of keys.
const MAX_LINE_BYTES: u64 = 64 << 10;
