//! A policy of one's own, in fifteen lines: of two backends at random, the one that says it has less to do. For backends that do
//! other work besides, which nobody here sees.
//!
//! `cargo run --release --example policy_custom`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use tenfold::balance::{BackendId, Balancer, Error, Outcome, Policy, Request, Sticky, View};

struct LeastReported;

impl Policy for LeastReported {
    type Plan = ();

    fn plan<V: View>(&self, _: &V) {}

    fn pick<V: View>(&self, (): &(), view: &V, _: &Request<'_>) -> Option<usize> {
        let (one, other) = (view.below(view.len()), view.below(view.len()));
        // Who has said nothing yet is asked first.
        let load = |index| view.reported_load(index).unwrap_or(0.0);
        Some(if load(other) < load(one) { other } else { one })
    }
}

fn main() -> Result<(), Error> {
    // How much of each server something else takes.
    let servers = [("a:80", 0.2_f32), ("b:80", 0.2), ("c:80", 0.8)];
    // Policies of the crate take others inside, and don't ask whose they are.
    let balancer = Balancer::builder(Sticky::new(LeastReported))
        .backends(servers)
        .seed(1)
        .build()?;

    let mut answered = [0_u32; 3];
    for _request in 0..3_000 {
        let lease = balancer.lease(&Request::new())?;
        let server = servers.iter().position(|(key, _)| *key == lease.key());
        if let Some(count) = server.and_then(|index| answered.get_mut(index)) {
            *count += 1;
        }
        let load = *lease.value();
        lease.report(Outcome::success().server_load(load));
    }
    for ((key, load), answered) in servers.iter().zip(answered) {
        println!("{key} has a load of {load} already and answered {answered}");
    }
    // The busy one is taken only when both draws are it: once in nine times.
    let [a, b, c] = answered;
    assert!(c < 500 && a > 1_000 && b > 1_000);

    // A session stays where it is, also there.
    let session = Request::new().sticky(BackendId::of("c:80"));
    assert_eq!(balancer.pick_for(&session)?.key(), "c:80");
    println!("a session on c:80 stays there");
    Ok(())
}
