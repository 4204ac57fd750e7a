//! Three HTTP servers behind a balancer; one is killed, and comes back. Whoever asks does not notice.
//!
//! ```text
//! cargo run --release --example balancer_failover
//! ```
//!
//! [`server`] is what is killed, [`client`] asks servers and checks them, [`gateway`] chooses one for each request, and another one if
//! that fails. The requests that fail take the server out at once (passive health), the checks keep it out and bring it back
//! (active health). [`crowd`] is who asks.
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

mod client;
mod crowd;
mod gateway;
mod server;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tenfold::balance::BackendState;
use tokio::runtime::Builder;

use crowd::Crowd;
use gateway::Gateway;
use server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(story())
}

async fn story() -> Result<(), Box<dyn Error>> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let a = Server::start("a", anywhere).await?;
    let b = Server::start("b", anywhere).await?;
    let c = Server::start("c", anywhere).await?;
    let servers = [("a", &a), ("b", &b), ("c", &c)];
    let servers = servers.map(|(name, server)| (name, server.address.to_string()));
    let gateway = Arc::new(Gateway::new(&servers)?);
    let crowd = Crowd {
        gateway: gateway.clone(),
    };
    let stats = || gateway.balancer.stats();

    println!("three servers, {} clients", Crowd::CLIENTS);
    let all = crowd.send(ENOUGH).await?;
    println!("all in order:  {all}");
    assert_eq!(stats().failures, 0);
    assert!(all.each_of(["a", "b", "c"]));

    let address = b.address;
    b.kill().await;
    let is_out = || gateway.state_of("b") != Some(BackendState::Usable);
    let killed = crowd.send_until(is_out).await?;
    let failed = stats().failures;
    println!(
        "b is killed:   {killed}; {failed} of its failed, and were answered by another server"
    );

    // Requests have taken it out for 30 seconds at first, or checks, whoever was faster. Nothing is even tried in vain from here on.
    let without = crowd.send(ENOUGH).await?;
    println!("b is out:      {without}");
    assert_eq!(stats().failures, failed);
    assert_eq!(without.of("b"), 0);
    let is_down = || gateway.state_of("b") == Some(BackendState::Down);
    crowd.send_until(is_down).await?;
    assert_eq!(stats().failures, failed);

    // Once its checks pass it is back, however long requests had taken it out for.
    let b = Server::start("b", address).await?;
    crowd.send_until(|| !is_out()).await?;
    println!("b is in order, after {} checks in all", gateway.checks());

    // Its failures are remembered for a while, and then it has its share again.
    let mut patience = 1..=1_000;
    let back = loop {
        let answers = crowd.send(ENOUGH).await?;
        if answers.of("b") * 5 > answers.total() {
            break answers;
        }
        assert!(patience.next().is_some(), "b gets no traffic");
    };
    println!("b has traffic: {back}");
    assert_eq!(stats().failures, failed);

    for server in [a, b, c] {
        server.kill().await;
    }
    Ok(())
}

/// Requests that tell a share from none.
const ENOUGH: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_notices() -> Result<(), Box<dyn Error>> {
        main()
    }
}
