//! The library's own balancer as a client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::balance::{
    BackendId, Balancer, Builder, FailureKind, Lease, Policy, Probe, Probing, Reply, Request, Spec,
};

use tenfold::health::SlowStart;

use super::chooser::Chooser;
use super::clock::Virtual;
use super::scenario::COLD;
use super::server::Server;
use super::{DECAY, SERVERS, UNIT};

/// Units for which an answer to a probe is good.
const PROBE_AGE: f64 = 20.0;

/// A client with a balancer of its own.
#[derive(Debug)]
pub(crate) struct Client<P: Policy> {
    balancer: Balancer<usize, P, Virtual>,
}

/// A balancer over the whole fleet.
pub(crate) fn balancer<P: Policy>(
    policy: P,
    clock: &Virtual,
    seed: u64,
) -> Balancer<usize, P, Virtual> {
    let builder: Builder<usize, P> = Balancer::builder(policy);
    let built = builder
        .backends((0..SERVERS).map(spec))
        .decay(Duration::from_nanos((DECAY * UNIT) as u64))
        .initial_latency(Duration::from_nanos(UNIT as u64))
        .slow_start(SlowStart::over(Duration::from_nanos((COLD * UNIT) as u64)))
        .seed(seed)
        .clock(clock.clone())
        .build();
    built.unwrap_or_else(|error| unreachable!("{error}"))
}

fn key(server: usize) -> String {
    format!("server-{server}")
}

fn spec(server: usize) -> Spec<usize> {
    Spec::new(key(server), server)
}

impl<P: Policy> Client<P> {
    pub(crate) fn new(policy: P, clock: &Virtual, seed: u64) -> Self {
        Self {
            balancer: balancer(policy, clock, seed),
        }
    }
}

impl<P: Policy> Chooser for Client<P> {
    type Ticket = Lease<usize, Virtual>;
    type Reply = ();

    fn choose(&mut self, _: f64, _: &[Server]) -> (usize, Self::Ticket) {
        lease(&self.balancer)
    }

    fn end(&mut self, lease: Self::Ticket, _: f64, failed: bool) {
        end(lease, failed);
    }

    fn admit(&mut self, member: bool) {
        admit(&self.balancer, member);
    }
}

fn lease<P: Policy>(balancer: &Balancer<usize, P, Virtual>) -> (usize, Lease<usize, Virtual>) {
    let lease = balancer.lease(&Request::new());
    let lease = lease.unwrap_or_else(|error| unreachable!("{error}"));
    (*lease.value(), lease)
}

fn end(lease: Lease<usize, Virtual>, failed: bool) {
    if failed {
        lease.failure(FailureKind::Faulty);
    } else {
        lease.success();
    }
}

fn admit<P: Policy>(balancer: &Balancer<usize, P, Virtual>, member: bool) {
    let change = balancer.update(|changes| {
        if member {
            changes.add(spec(0));
        } else {
            changes.remove(key(0));
        }
    });
    change.unwrap_or_else(|error| unreachable!("{error}"));
}

/// Questions that the driver has not seen yet.
type Questions = Arc<Mutex<Vec<(usize, Reply)>>>;

#[derive(Debug)]
pub(crate) struct Queue(Questions);

impl Probe for Queue {
    fn probe(&self, _: BackendId, key: &str, reply: Reply) {
        let server = key
            .rsplit('-')
            .next()
            .and_then(|number| number.parse().ok());
        if let (Some(server), Ok(mut questions)) = (server, self.0.lock()) {
            questions.push((server, reply));
        }
    }
}

/// A client whose balancer asks servers how they are.
#[derive(Debug)]
pub(crate) struct Prober {
    balancer: Balancer<usize, Probing<Queue>, Virtual>,
    questions: Questions,
}

impl Prober {
    pub(crate) fn new(clock: &Virtual, seed: u64) -> Self {
        let questions = Questions::default();
        let policy = Probing::new(Queue(questions.clone()))
            .max_age(Duration::from_nanos((PROBE_AGE * UNIT) as u64));
        Self {
            balancer: balancer(policy, clock, seed),
            questions,
        }
    }
}

impl Chooser for Prober {
    type Ticket = Lease<usize, Virtual>;
    type Reply = Reply;

    fn choose(&mut self, _: f64, _: &[Server]) -> (usize, Self::Ticket) {
        lease(&self.balancer)
    }

    fn end(&mut self, lease: Self::Ticket, _: f64, failed: bool) {
        end(lease, failed);
    }

    fn admit(&mut self, member: bool) {
        admit(&self.balancer, member);
    }

    fn asked(&mut self, out: &mut Vec<(usize, Reply)>) {
        if let Ok(mut questions) = self.questions.lock() {
            out.append(&mut questions);
        }
    }

    fn answer(reply: Reply, load: usize, latency: Option<f64>) {
        let latency = latency.map(|units| Duration::from_nanos((units * UNIT) as u64));
        reply.send(load as u64, latency);
    }
}
