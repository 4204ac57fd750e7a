//! The requests of a run, in memory.

use std::path::Path;

use tenfold::hash::StableHash;

use super::users::{User, UserId, Users};
use super::{trace, zipf};
use crate::problem::Problem;

/// Requests of a run without `--trace` and `--requests`.
pub(crate) const DEFAULT_REQUESTS: usize = 200_000;

/// A request takes four bytes, so this is a bound of 400 MB.
pub(crate) const MAX_REQUESTS: usize = 100_000_000;

/// The requests in order, and every user that occurs in them, once.
pub(crate) struct Workload {
    users: Users,
    requests: Vec<Request>,
    /// Where the requests come from, for the heading of the report.
    pub(super) origin: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Read,
    Write,
}

impl Workload {
    /// Loads the trace, or generates requests without one. Without a number of requests, a trace is taken whole.
    pub(crate) fn load(trace: Option<&Path>, requests: Option<usize>) -> Result<Self, Problem> {
        match trace {
            Some(file) => trace::load(file, requests.unwrap_or(MAX_REQUESTS)),
            None => zipf::generate(requests.unwrap_or(DEFAULT_REQUESTS)),
        }
    }

    pub(super) fn new(origin: String) -> Self {
        Self {
            users: Users::new(),
            requests: Vec::new(),
            origin,
        }
    }

    /// Adds a request for the user called `name`. Refuses when the names of all users together grow too large.
    pub(super) fn push(&mut self, name: &str) -> Result<(), String> {
        let user = self.users.intern(name)?;
        // The hash of its position decides what a request does, so the mix is the same for every input and every run.
        let position = self.requests.len() as u64;
        let op = if StableHash::u64(position) % 100 < WRITES_PERCENT {
            Op::Write
        } else {
            Op::Read
        };
        self.requests.push(Request::new(user, op));
        Ok(())
    }

    pub(crate) fn users(&self) -> &Users {
        &self.users
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(crate) fn writes(&self) -> usize {
        self.requests
            .iter()
            .filter(|request| request.op() == Op::Write)
            .count()
    }

    /// The request at `position`, counted from 0.
    pub(crate) fn request(&self, position: usize) -> Option<(UserId, &User, Op)> {
        let request = self.requests.get(position)?;
        let id = request.user();
        self.users.get(id).map(|user| (id, user, request.op()))
    }

    /// Where the requests of one worker are: the same in every run, and all workers advance through the whole workload together.
    pub(crate) fn share(&self, worker: usize, workers: usize) -> impl Iterator<Item = usize> {
        (worker..self.requests.len()).step_by(workers)
    }
}

/// One request in four bytes: the user's number, and in the top bit whether it is a write.
#[derive(Clone, Copy)]
struct Request(u32);

impl Request {
    const WRITE: u32 = 1 << 31;

    fn new(user: UserId, op: Op) -> Self {
        match op {
            Op::Read => Self(user.number()),
            Op::Write => Self(user.number() | Self::WRITE),
        }
    }

    fn user(self) -> UserId {
        UserId::from_number(self.0 & !Self::WRITE)
    }

    fn op(self) -> Op {
        if self.0 & Self::WRITE == 0 {
            Op::Read
        } else {
            Op::Write
        }
    }
}

const WRITES_PERCENT: u64 = 10;
