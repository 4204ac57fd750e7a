//! Who is in the book: targets come, go, and are looked at; and the sink is told of them.

use std::sync::Arc;

use super::super::Error;
use super::super::algorithm::{RiseFall, Status};
use super::book::{Book, Known};
use super::target::{Plan, Removed, Target};
use crate::kernel::clock::Tick;

impl<T> Book<T> {
    pub(super) fn add(&mut self, key: Arc<str>, value: Arc<T>, now: Tick) -> Result<(), Error> {
        if self.keys.contains_key(&key) {
            return Err(Error::DuplicateKey {
                key: (&*key).into(),
            });
        }
        let limit = self.config.max_targets;
        if self.targets.len() >= limit {
            return Err(Error::TooMany { limit });
        }
        self.lives += 1;
        let (life, status) = (self.lives, self.config.initial.status());
        let due = self.schedule.first(now, self.config.interval_for(status));
        let target = Target {
            key: key.clone(),
            value,
            state: RiseFall::new(self.config.rise, self.config.fall, status),
            told: status,
            untold: false,
            plan: Plan::Due(due),
            stop: None,
        };
        self.stats.healthy += usize::from(status.is_healthy());
        self.events.insert((due, life));
        self.keys.insert(key, Known { life, status });
        self.targets.insert(life, target);
        Ok(())
    }

    /// What is removed is dropped by the caller, behind the lock.
    pub(super) fn remove(&mut self, key: &str) -> Option<Removed<T>> {
        let life = self.keys.remove(key)?.life;
        let target = self.targets.remove(&life)?;
        match target.plan.event() {
            Some(at) => {
                self.events.remove(&(at, life));
            }
            None => self.waiting.retain(|waits| *waits != life),
        }
        if target.untold {
            self.flips.retain(|flip| *flip != life);
        }
        self.stats.healthy -= usize::from(target.state.status().is_healthy());
        Some(Removed(target.value, target.stop))
    }

    /// Gives a target another value, and returns the one it had.
    pub(super) fn set_value(&mut self, key: &str, value: Arc<T>) -> Result<Arc<T>, Arc<T>> {
        let known = self.keys.get(key);
        match known.and_then(|known| self.targets.get_mut(&known.life)) {
            Some(target) => Ok(std::mem::replace(&mut target.value, value)),
            None => Err(value),
        }
    }

    /// Everybody leaves.
    pub(super) fn clear(&mut self) -> Vec<Removed<T>> {
        let keys: Vec<_> = self.keys.keys().cloned().collect();
        keys.iter().filter_map(|key| self.remove(key)).collect()
    }

    /// The next that the sink is to be told; nothing while somebody else tells it. Whoever gets something calls
    /// [`told`](Self::told) after it.
    pub(super) fn tell(&mut self) -> Option<(Arc<str>, Status)> {
        if self.telling {
            return None;
        }
        while let Some(life) = self.flips.pop_front() {
            let Some(target) = self.targets.get_mut(&life) else {
                continue;
            };
            target.untold = false;
            let status = target.state.status();
            if std::mem::replace(&mut target.told, status) != status {
                self.telling = true;
                return Some((target.key.clone(), status));
            }
        }
        None
    }

    pub(super) fn told(&mut self) {
        self.telling = false;
    }

    pub(super) fn status(&self, key: &str) -> Option<Status> {
        self.keys.get(key).map(|known| known.status)
    }

    /// One pass, without a look at the targets.
    pub(super) fn statuses(&self) -> Vec<(Arc<str>, Status)> {
        let all = self.keys.iter();
        all.map(|(key, known)| (key.clone(), known.status))
            .collect()
    }
}
