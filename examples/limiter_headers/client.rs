//! A client, as it arrives through our proxy.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use tenfold::clock::ManualClock;

pub(crate) struct Client {
    pub(crate) server: SocketAddr,
    pub(crate) clock: ManualClock,
}

/// What the client reads of a response.
pub(crate) struct Response {
    status: String,
    rate_limit: String,
    policy: String,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Client {
    /// `forwarded` is the list of addresses that our proxy has completed.
    pub(crate) fn get(&self, forwarded: &str) -> io::Result<Response> {
        let mut stream = TcpStream::connect(self.server)?;
        let head =
            format!("GET / HTTP/1.1\r\nHost: example.org\r\nX-Forwarded-For: {forwarded}\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let field = |wanted: &str| {
            text.lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.to_owned())
        };
        let status = text.split(' ').nth(1).unwrap_or("no status");
        Ok(Response {
            status: status.to_owned(),
            rate_limit: field("RateLimit").unwrap_or_default(),
            policy: field("RateLimit-Policy").unwrap_or_default(),
            retry_after: field("Retry-After").and_then(|seconds| seconds.parse().ok()),
        })
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, RateLimit: {}, RateLimit-Policy: {}",
            self.status, self.rate_limit, self.policy
        )?;
        match self.retry_after {
            Some(seconds) => write!(f, ", Retry-After: {seconds}"),
            None => Ok(()),
        }
    }
}
