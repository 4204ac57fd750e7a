//! Weights while some backends start slowly.

use std::time::Duration;

use super::state::Record;
use crate::health::SlowStart;
use crate::kernel::clock::Tick;

/// Parts of a weight, while somebody has not the whole of it.
const PARTS: u32 = 64;
/// Times that a slow start is given more.
const STEPS: u32 = 32;

/// What each backend's weight is at the moment.
pub(super) struct EffectiveWeights {
    slow_start: Option<SlowStart>,
    /// What a whole weight is multiplied by: so much that a part of it is a whole number.
    parts: u32,
    now: Tick,
    /// When somebody is to get more.
    pub(super) next_step: Option<Tick>,
}

impl EffectiveWeights {
    pub(super) fn new<T>(records: &[Record<T>], slow_start: Option<SlowStart>, now: Tick) -> Self {
        let warming = || {
            records
                .iter()
                .filter(|record| record.is_usable() && record.standing.warming.is_some())
        };
        let slow_start = slow_start.filter(|_| warming().next().is_some());
        let largest = records
            .iter()
            .map(|record| record.backend.weight)
            .max()
            .unwrap_or(0);
        let step =
            slow_start.map(|slow_start| (slow_start.window / STEPS).max(Duration::from_nanos(1)));
        Self {
            slow_start,
            parts: if slow_start.is_some() {
                (u32::MAX / largest.max(1)).clamp(1, PARTS)
            } else {
                1
            },
            now,
            next_step: step.map(|step| now.saturating_add(step)),
        }
    }

    /// Above zero for a weight above zero.
    pub(super) fn of<T>(&self, record: &Record<T>) -> u32 {
        let whole = record.backend.weight.saturating_mul(self.parts);
        let since = record.standing.warming;
        let part = self
            .slow_start
            .zip(since)
            .map(|(slow_start, since)| slow_start.part(self.now.since(since)));
        match part {
            // Not more than the whole, as the part is at most 1.
            Some(part) => ((f64::from(whole) * f64::from(part)) as u32).max(1),
            None => whole,
        }
    }
}
