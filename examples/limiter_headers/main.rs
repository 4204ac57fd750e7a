//! What a server says about its limits, and a client that keeps to it: a small HTTP server behind one proxy, with a limit for each
//! client. Time is simulated: whoever waits for a minute moves the clock.
//!
//! ```text
//! cargo run --release --example limiter_headers
//! ```
//!
//! [`key`] says who a client is, [`server`] answers or refuses, and [`client`] reads what it is told.
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

mod client;
mod key;
mod server;

use std::error::Error;
use std::io;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use tenfold::clock::ManualClock;
use tenfold::limit::{Keyed, Quota};

use client::Client;
use server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    let quota = Quota::per_minute(20).with_burst(3);
    let server = Server {
        limiter: Keyed::builder(quota).clock(clock.clone()).build()?,
        trusted_hops: 1,
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let proxy = Client {
        server: listener.local_addr()?,
        clock,
    };
    // Serves until the process ends.
    thread::spawn(move || server.serve(&listener));

    println!("{quota}\n");
    println!("203.0.113.9 comes five times, and waits when it is told to:");
    for _ in 0..5 {
        persist(&proxy, "203.0.113.9")?;
    }
    println!("it claims to be somebody else, which our proxy does not believe:");
    once(&proxy, "10.0.0.1, 203.0.113.9")?;
    println!("other clients have limits of their own:");
    once(&proxy, "198.51.100.7")?;
    println!("a network of IPv6 is one client, whichever of its 2^64 addresses it uses:");
    for host in ["1", "2", "beef", "7:8"] {
        once(&proxy, &format!("2001:db8:1:2::{host}"))?;
    }
    Ok(())
}

/// Asks again when it has been told to, until it succeeds.
fn persist(proxy: &Client, forwarded: &str) -> io::Result<()> {
    while let Some(wait) = once(proxy, forwarded)? {
        println!("    waits for {wait:?}");
        proxy.clock.advance(wait);
    }
    Ok(())
}

/// Asks once, and returns how long to wait if it was refused.
fn once(proxy: &Client, forwarded: &str) -> io::Result<Option<Duration>> {
    let response = proxy.get(forwarded)?;
    println!("  {forwarded}: {response}");
    Ok(response.retry_after.map(Duration::from_secs))
}
