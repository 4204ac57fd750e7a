//! Answers, or refuses and says when to come back.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::time::Duration;

use tenfold::clock::ManualClock;
use tenfold::limit::{Decision, Keyed};

use crate::key::client_key;

pub(crate) struct Server {
    pub(crate) limiter: Keyed<IpAddr, ManualClock>,
    /// How many proxies of our own are in front.
    pub(crate) trusted_hops: usize,
}

impl Server {
    /// One connection after the other, one request on each: enough for an example.
    pub(crate) fn serve(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            // A client that has gone is no concern of the next one.
            let _ = stream.and_then(|stream| self.answer(&stream));
        }
    }

    fn answer(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let forwarded = forwarded_for(stream)?;
        let key = client_key(stream.peer_addr()?.ip(), &forwarded, self.trusted_hops);
        let decision = self.limiter.decide(&key, 1);
        let mut stream = stream;
        stream.write_all(response(&decision).as_bytes())
    }
}

/// The values of all `X-Forwarded-For` fields in the head of the request, as one list.
fn forwarded_for(stream: &TcpStream) -> io::Result<String> {
    let mut list = String::new();
    for line in BufReader::new(stream.take(LONGEST_HEAD)).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("X-Forwarded-For")
        {
            list.push_str(if list.is_empty() { "" } else { "," });
            list.push_str(value.trim());
        }
    }
    Ok(list)
}

fn response(decision: &Decision) -> String {
    let headers = decision.headers("per-client");
    let status = if decision.allowed {
        "200 OK"
    } else {
        "429 Too Many Requests"
    };
    let mut text = format!(
        "HTTP/1.1 {status}\r\nRateLimit: {}\r\nRateLimit-Policy: {}\r\n",
        headers.rate_limit(),
        headers.rate_limit_policy(),
    );
    if let Some(seconds) = headers.retry_after() {
        // Writing to a string can't fail.
        let _ = write!(text, "Retry-After: {seconds}\r\n");
    }
    text + "Content-Length: 0\r\nConnection: close\r\n\r\n"
}

const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_HEAD: u64 = 8 << 10;
