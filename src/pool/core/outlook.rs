//! What callers are told while the other side is down: not to wait, and when to come again.
//!
//! While an attempt is under way there is no other one, so more is known when that ends. It should end before it is late, by the
//! measure of [`Pace`](crate::pool::policy::Pace), and has to end in its time.

use std::time::Duration;

use super::base::Core;
use super::slot::CONNECTING;
use crate::kernel::clock::Tick;
use crate::pool::{AcquireError, Manage};

impl<M: Manage> Core<M> {
    /// Whether callers should not wait for the next attempt: several have failed, or one has, and those that there may be at a time hang.
    pub(super) fn is_down(&self) -> bool {
        let outage = self.outage.lock().outage;
        outage.is_down() || outage.failures() > 0 && self.all_hang()
    }

    /// Whether there may be no further attempt, and none of those that there are is expected to end.
    pub(super) fn all_hang(&self) -> bool {
        let (max, _) = self.room.look();
        let most = u64::from(max.min(self.config.max_connecting));
        self.counts.connects_coming() == 0 && self.counts.connecting() >= most
    }

    /// Why callers are refused, as long as the other side is down.
    pub(super) fn unavailable(&self, now: Tick) -> Option<AcquireError<M::Error>> {
        let mut trouble = self.outage.lock();
        trouble.outage.not_later(now);
        let source = trouble.last.clone()?;
        let outage = trouble.outage;
        drop(trouble);
        Some(AcquireError::Unavailable {
            source,
            failures: outage.failures(),
            retry_after: self.next_news(now, outage.retry_after(now)),
        })
    }

    /// Time until more is known of the other side, where the next attempt is due after `retry_after`: while one is under way there is no other.
    fn next_news(&self, now: Tick, retry_after: Duration) -> Option<Duration> {
        if self.counts.connects_coming() == 0 {
            return (!self.all_hang()).then_some(retry_after);
        }
        let late_after = self.pace().late_after();
        let limit = self.config.connect_timeout;
        let (mut news, mut hangs): (Option<Duration>, _) = (None, false);
        for slot in self.slots.iter().filter(|slot| slot.phase() == CONNECTING) {
            let age = slot.notes.under_way_for(now);
            if limit.is_some_and(|limit| age >= limit) {
                // It was abandoned.
                continue;
            }
            let ends = if age < late_after {
                Some(limit.map_or(late_after, |limit| limit.min(late_after)))
            } else {
                limit
            };
            let left = ends.map(|ends| ends.saturating_sub(age));
            hangs |= left.is_none();
            news = news.into_iter().chain(left).min();
        }
        if news.is_none() && !hangs {
            // It has ended just now.
            return Some(retry_after);
        }
        news
    }
}
