//! Reads a file of requests: one key per line, or an access log; plain or gzip.

use std::path::Path;

use super::lines::{Line, Lines, MAX_LINE_BYTES};
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
    while workload.len() < most {
        match lines.next(&mut bytes)? {
            Line::Text => {}
            Line::TooLong => {
                let most = MAX_LINE_BYTES >> 10;
                return Err(format!("the line is longer than {most} KiB"));
            }
            Line::End => break,
        }
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
        .map(|(request, _size)| access_log::target(request).map(|(_method, path)| path))
        .ok_or_else(|| {
            "the line is neither one key without white space nor a line of an access log".to_owned()
        })
}
