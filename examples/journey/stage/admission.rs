//! The service with a limit at its door: what it can't answer in time it refuses at once, and says when to come back.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

use tenfold::clock::Tick;
use tenfold::limit::{Quota, TokenBucket};

use super::four_shards::FourShards;
use super::{Audit, Door, Entry, Failure, Load, Service, Session, Stage};
use crate::audit::Ledger;
use crate::database::{Profile, Traffic};
use crate::input::{User, Users};
use crate::problem::Problem;

pub(super) struct Admission;

/// The service of the stage before, with its five shards, which have moved to machines of their own.
struct Running<'u>(Box<dyn Service + 'u>);

/// A worker waits for the network besides. So it is workers that the service runs out of, as most services do, and not
/// processors, which it shares here with those who send the requests.
struct Remote<'s>(Box<dyn Session + 's>);

/// Two limits that are the measured capacity together, less a little.
///
/// Most of it is for those who come for the first time. They take a token or are refused at once. The rest is kept for those who
/// are refused: they get a token of the future, and come back when it is there. With one limit for both, whoever comes back meets
/// those who come first, and is refused again.
struct Limits {
    first: TokenBucket,
    again: TokenBucket,
}

impl Stage for Admission {
    fn name(&self) -> &'static str {
        "admission"
    }

    fn solves(&self) -> &'static str {
        "the shards are a round trip of 1 ms away, and the load trebles: what can't be served is refused, and told when to come back"
    }

    fn prepare<'u>(
        &self,
        directory: &Path,
        users: &'u Users,
    ) -> Result<Box<dyn Service + 'u>, Problem> {
        let service = FourShards.prepare(directory, users)?;
        service.halfway(&AtomicU64::new(0))?;
        Ok(Box::new(Running(service)))
    }

    fn load(&self) -> Load {
        Load::Spike(limits)
    }
}

impl Service for Running<'_> {
    fn session(&self) -> Result<Box<dyn Session + '_>, Problem> {
        Ok(Box::new(Remote(self.0.session()?)))
    }

    fn audit(&self, ledger: &Ledger) -> Result<Audit, Problem> {
        let audit = self.0.audit(ledger)?;
        // The fifth shard joined before the first request: that story was told.
        Ok(Audit {
            resharding: None,
            ..audit
        })
    }
}

impl Session for Remote<'_> {
    fn read(&mut self, user: &User) -> Result<Profile, Failure> {
        thread::sleep(ROUND_TRIP);
        self.0.read(user)
    }

    fn write(&mut self, user: &User) -> Result<(), Failure> {
        thread::sleep(ROUND_TRIP);
        self.0.write(user)
    }

    fn traffic(&self) -> Traffic {
        self.0.traffic()
    }
}

fn limits(capacity: f64) -> Result<Box<dyn Door>, Problem> {
    let quota = |share: f64, burst: Duration| {
        let rate = capacity * BELOW_CAPACITY * share;
        Quota::new(
            (rate as u64).max(1),
            Duration::from_secs(1),
            ((rate * burst.as_secs_f64()) as u64).max(1),
        )
        .map_err(|error| Problem::run("choosing the limit", &error))
    };
    Ok(Box::new(Limits {
        first: TokenBucket::new(quota(1.0 - SHARE_OF_RETRIES, BURST)?),
        again: TokenBucket::new(quota(SHARE_OF_RETRIES, Duration::ZERO)?),
    }))
}

impl Door for Limits {
    fn knock(&self, due: Tick) -> Entry<'_> {
        if self.first.try_acquire_n_at(due, 1) {
            return Entry::Admitted;
        }
        match self.again.reserve(1, PATIENCE) {
            Ok(reservation) => Entry::ComeBack(reservation),
            Err(_) => Entry::TurnedAway,
        }
    }

    fn per_second(&self) -> f64 {
        [&self.first, &self.again]
            .map(|limiter| limiter.quota().tokens() as f64)
            .iter()
            .sum()
    }
}

/// What a request to a database takes on its way there and back.
const ROUND_TRIP: Duration = Duration::from_millis(1);

/// The limit as a part of the capacity: at all of it, whatever waits once would wait for ever.
const BELOW_CAPACITY: f64 = 0.97;

/// The part of the limit that is kept for those who come back.
const SHARE_OF_RETRIES: f64 = 0.2;

/// As much as comes in this time may come at once. A burst waits before the service, so this is the order of its latency.
const BURST: Duration = Duration::from_millis(5);

/// How far ahead a client may be told to come back.
const PATIENCE: Duration = Duration::from_millis(500);
