//! Who chooses the server.

use super::server::Server;

/// One client's balancer.
pub(crate) trait Chooser {
    /// What it keeps of a request under way.
    type Ticket;
    /// A probe that waits for its answer.
    type Reply;

    /// A server for the next request.
    fn choose(&mut self, now: f64, fleet: &[Server]) -> (usize, Self::Ticket);

    /// The request has come back.
    fn end(&mut self, ticket: Self::Ticket, now: f64, failed: bool);

    /// Server 0 is a member, or is not.
    fn admit(&mut self, member: bool);

    /// Takes the probes that it wants sent.
    fn asked(&mut self, _: &mut Vec<(usize, Self::Reply)>) {}

    /// The answer to a probe.
    fn answer(_: Self::Reply, _load: usize, _latency: Option<f64>)
    where
        Self: Sized,
    {
    }
}
