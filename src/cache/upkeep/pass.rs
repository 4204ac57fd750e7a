//! A pass over all shards.

use std::hash::{BuildHasher, Hash as Hashable};
use std::time::Duration;

use super::bell::LITTER;
use crate::cache::core::Core;
use crate::cache::store::NEVER;
use crate::kernel::clock::{Tick, saturating_nanos};
use crate::kernel::sync::{AtomicBool, Ordering};

/// The longest wait for whoever holds an entry that was taken out.
const LONGEST: Duration = Duration::from_secs(1);

/// What a pass has left.
struct Rest {
    /// When something is due; zero if there is more to do at once.
    due: u64,
    /// How long to wait for those who still read what was taken out.
    wait: Option<Duration>,
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// A pass of the keeper's, which may begin another one when `at_work` is false.
    pub(super) fn pass(&self, at_work: &AtomicBool) {
        self.bell.begin();
        let rest = self.tend_all();
        // First this, or a ring could find it at work that has looked at the bell already.
        at_work.store(false, Ordering::SeqCst);
        self.bell.end(rest.due, rest.wait);
    }

    fn pass_by_hand(&self) -> u64 {
        self.bell.begin();
        let rest = self.tend_all();
        self.bell
            .end(if rest.due == 0 { NEVER } else { rest.due }, rest.wait);
        rest.due.min(rest.wait.map_or(NEVER, |wait| {
            self.read_clock().saturating_add(saturating_nanos(wait))
        }))
    }

    /// Passes until there is nothing to do now, and when there will be.
    pub(crate) fn run_upkeep(&self) -> Option<Tick> {
        loop {
            match self.pass_by_hand() {
                0 => {}
                NEVER => return None,
                due => return Some(Tick::from_nanos(due)),
            }
        }
    }

    fn tend_all(&self) -> Rest {
        let now = self.read_clock();
        let mut rest = Rest {
            due: NEVER,
            wait: None,
        };
        let mut stuck = true;
        for shard in 0..self.shards.len() {
            let Some(tended) = self.tend(shard, now) else {
                continue;
            };
            rest.due = rest.due.min(if tended.more { 0 } else { tended.next });
            if tended.remains {
                rest.wait = Some(LITTER);
                stuck &= tended.stuck;
            }
        }
        if rest.wait.is_some() && stuck {
            // Somebody holds an entry, perhaps for hours.
            let waited = Duration::from_nanos(self.patience.load(Ordering::Relaxed));
            rest.wait = Some((waited * 2).clamp(LITTER, LONGEST));
        }
        self.patience
            .store(rest.wait.map_or(0, saturating_nanos), Ordering::Relaxed);
        rest
    }
}
