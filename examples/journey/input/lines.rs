//! The lines of a file, plain or gzip, one at a time: however large the file or a line, little of it is in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

pub(super) struct Lines {
    source: Box<dyn BufRead>,
    /// What it means when the source fails.
    failure: &'static str,
}

/// What came next.
pub(super) enum Line {
    Text,
    /// Longer than [`MAX_LINE_BYTES`], and left out.
    TooLong,
    End,
}

impl Lines {
    /// Opens the file, and decompresses it if it starts as gzip does; its name does not matter.
    pub(super) fn open(file: &Path) -> io::Result<Self> {
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

    /// Replaces `bytes` by the next line, without its end.
    pub(super) fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Line, String> {
        let read = self.read(bytes, MAX_LINE_BYTES + 1)?;
        let ended = bytes.last() == Some(&b'\n');
        if ended {
            bytes.pop();
        }
        if bytes.len() as u64 <= MAX_LINE_BYTES {
            return Ok(if read > 0 { Line::Text } else { Line::End });
        }
        if !ended {
            while self.read(bytes, BUFFER_BYTES as u64)? > 0 && bytes.last() != Some(&b'\n') {}
        }
        bytes.clear();
        Ok(Line::TooLong)
    }

    /// Replaces `bytes` by what comes up to the end of the line, or this many of it.
    fn read(&mut self, bytes: &mut Vec<u8>, most: u64) -> Result<usize, String> {
        bytes.clear();
        (&mut self.source)
            .take(most)
            .read_until(b'\n', bytes)
            .map_err(|error| format!("{}: {error}", self.failure))
    }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 128 << 10;
/// Web servers refuse longer requests; a longer line is no list of keys.
pub(super) const MAX_LINE_BYTES: u64 = 64 << 10;
