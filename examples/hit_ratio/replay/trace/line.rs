//! What one line of a trace says.

use super::access_log;

/// How the lines of a trace are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A web server's access log.
    Log,
    /// `timestamp,key[,size]`.
    Csv,
    /// A key, without white space.
    Keys,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'l> {
    Request {
        key: &'l str,
        size: Option<u64>,
    },
    /// Well formed, but nothing that a cache would be asked for.
    LeftOut,
    /// And why.
    Bad(&'static str),
}

impl Format {
    /// From what most can be written in to what least can.
    const ALL: [Self; 3] = [Self::Log, Self::Csv, Self::Keys];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Csv => "csv",
            Self::Keys => "keys",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The first format in which half of these lines are well formed: nearly everything is a key.
    pub(super) fn of(lines: &[&[u8]]) -> Self {
        let fits = |format: &Self| {
            let bad = |line: &&&[u8]| matches!(format.read(line), Said::Bad(_));
            2 * lines.iter().filter(bad).count() <= lines.len()
        };
        let found = Self::ALL.into_iter().find(fits);
        found.filter(|_| !lines.is_empty()).unwrap_or(Self::Keys)
    }

    pub(super) fn read(self, line: &[u8]) -> Said<'_> {
        let Ok(text) = std::str::from_utf8(line) else {
            return Said::Bad("it is not UTF-8 text");
        };
        let text = text.trim();
        if text.is_empty() {
            return Said::Bad("it is empty");
        }
        match self {
            Self::Log => log(text),
            Self::Csv => csv(text),
            Self::Keys if text.contains(char::is_whitespace) => {
                Said::Bad("it is not one key without white space")
            }
            Self::Keys => Said::Request {
                key: text,
                size: None,
            },
        }
    }
}

fn log(text: &str) -> Said<'_> {
    let Some((request, size)) = access_log::parse(text) else {
        return Said::Bad("it is no line of an access log");
    };
    match access_log::target(request) {
        Some(("GET", key)) => Said::Request {
            key,
            size: Some(size),
        },
        _ => Said::LeftOut,
    }
}

fn csv(text: &str) -> Said<'_> {
    let mut fields = text.split(',').map(str::trim);
    let (time, key, size) = (fields.next(), fields.next(), fields.next());
    let (Some(time), Some(key), None) = (time, key, fields.next()) else {
        return Said::Bad("it is not `timestamp,key` or `timestamp,key,size`");
    };
    // A number, or a date and time.
    let timely = |byte: u8| byte.is_ascii_digit() || b"+-.: TZ".contains(&byte);
    if key.is_empty()
        || !time.bytes().any(|byte| byte.is_ascii_digit())
        || !time.bytes().all(timely)
    {
        return Said::Bad("it does not start with a timestamp and a key");
    }
    match size.map(str::parse) {
        None => Said::Request { key, size: None },
        Some(Ok(size)) => Said::Request {
            key,
            size: Some(size),
        },
        Some(Err(_)) => Said::Bad("its size is no number"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"192.0.2.7 - ann [10/Oct/2025:13:55:36 +0000] "GET /a/b?c=1 HTTP/1.1" 200 2326 "-" "agent""#;

    fn request(key: &str, size: Option<u64>) -> Said<'_> {
        Said::Request { key, size }
    }

    #[test]
    fn reads_each_format() {
        let lines = [
            (Format::Keys, "17\r", request("17", None)),
            (Format::Keys, "user:7,eu", request("user:7,eu", None)),
            (Format::Csv, "1700000000,k1", request("k1", None)),
            (Format::Csv, "0.5, k 1 ,77", request("k 1", Some(77))),
            (
                Format::Csv,
                "2025-10-10T13:55:36Z,k,1",
                request("k", Some(1)),
            ),
            (Format::Log, LOG, request("/a/b", Some(2326))),
        ];
        for (format, line, said) in lines {
            assert_eq!(format.read(line.as_bytes()), said, "{line}");
        }
        let post = LOG.replace("GET", "POST");
        assert_eq!(Format::Log.read(post.as_bytes()), Said::LeftOut);
        let nothing = LOG
            .replace("GET /a/b?c=1 HTTP/1.1", "-")
            .replace("2326", "-");
        assert_eq!(Format::Log.read(nothing.as_bytes()), Said::LeftOut);
        let unsized_answer = LOG.replace("2326", "-");
        assert_eq!(
            Format::Log.read(unsized_answer.as_bytes()),
            request("/a/b", Some(0))
        );
    }

    #[test]
    fn bad_lines_are_bad_in_every_format() {
        let lines: [(Format, &[u8]); 10] = [
            (Format::Keys, b""),
            (Format::Keys, b"  "),
            (Format::Keys, b"two words"),
            (Format::Keys, b"\xff\xfe"),
            (Format::Csv, b"1"),
            (Format::Csv, b"1,"),
            (Format::Csv, b"time,key"),
            (Format::Csv, b"1,k,big"),
            (Format::Csv, b"1,k,1,1"),
            (Format::Log, b"/a/b"),
        ];
        for (format, line) in lines {
            assert!(matches!(format.read(line), Said::Bad(_)), "{line:?}");
        }
    }

    #[test]
    fn finds_the_format_in_spite_of_a_bad_line() {
        let found = |lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
            Format::of(&lines)
        };
        assert_eq!(found(&["time,key,size", "1,a,5", "2,b,6"]), Format::Csv);
        assert_eq!(found(&["started", LOG, LOG]), Format::Log);
        assert_eq!(found(&["1", "2", "3,4"]), Format::Keys);
        assert_eq!(found(&["a,b", "c,d"]), Format::Keys);
    }
}
