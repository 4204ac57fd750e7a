//! Which keys the miniatures see: those whose hash is below a limit.
//!
//! A sample of keys is unbiased as long as every request of a sampled key is seen. Hits are seen through a log that holds [`LOG`] records
//! between two misses, and a burst of hits longer than that (the lap of a loop that nearly fits) would be cut, which makes a loop look shorter
//! than it is. So when more than a hundredth of the requests is lost, the limit falls until such a burst fits, and rises again, by two, when
//! none was near it for a while.

/// Sampled hits that are kept between two misses of a shard.
pub(crate) const LOG: usize = 64;

/// Every hash is below it.
pub(super) const ALL: u64 = 1 << 32;

/// Up to so many entries every key is sampled.
const WHOLE: f64 = 4096.0;

/// From so many entries on, [`FEWEST`] of them are.
const LARGE: f64 = 65_536.0;
const FEWEST: f64 = 2048.0;

/// No miniature is smaller, unless the cache is.
const SMALLEST: f64 = 32.0;

/// In requests per entry of a miniature: for how long a loss is remembered, how much of it is borne, and when to look whether more would fit.
const MEMORY: f64 = 8.0;
const BORNE: f64 = 0.1;
const CALM: u64 = 32;

pub(super) struct Sample {
    entries: usize,
    limit: u64,
    most: u64,
    lost: f64,
    /// The longest burst lately, under today's limit.
    burst: f64,
    seen: u64,
}

/// What a shard has to say of the time since it last spoke.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drain {
    /// Sampled requests.
    pub(super) records: usize,
    /// Sampled hits between two misses, at most, and those lost of them.
    pub(super) burst: usize,
    pub(super) lost: usize,
    /// The limit that was in force.
    pub(super) limit: u64,
}

impl Sample {
    pub(super) fn new(entries: usize) -> Self {
        let n = entries.max(1) as f64;
        let share = if n <= WHOLE {
            1.0
        } else if n <= LARGE {
            // From one to one in 32, smoothly; the miniatures shrink to half their size on the way.
            (n / WHOLE).powf(-1.25)
        } else {
            FEWEST / n
        };
        let limit = (share * ALL as f64) as u64;
        Self {
            entries,
            limit,
            most: limit,
            lost: 0.0,
            burst: 0.0,
            seen: 0,
        }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    pub(super) fn holds(&self, hash: u32) -> bool {
        u64::from(hash) < self.limit
    }

    /// Entries of a miniature.
    pub(super) fn capacity(&self) -> usize {
        let share = self.limit as f64 / ALL as f64;
        ((self.entries as f64 * share) as usize).max(1)
    }

    /// Takes note of a drained log. Whether the limit has changed, and by which factor.
    pub(super) fn drained(&mut self, drain: Drain) -> Option<f64> {
        let capacity = self.capacity() as f64;
        let scale = self.limit as f64 / drain.limit.max(1) as f64;
        let burst = drain.burst as f64 * scale;
        // More hits in a row than there are entries: all of the working set is held, and any setting would do.
        let burst = if burst > capacity { 0.0 } else { burst };
        self.burst = self.burst.max(burst);
        self.seen += drain.records as u64;
        // What was lost under an older, higher limit may not have been lost under this one.
        if burst > LOG as f64 {
            self.lost += drain.lost as f64 * scale;
        }
        let was = self.limit;
        if self.lost > BORNE * capacity && capacity > SMALLEST {
            let fits = (0.75 * LOG as f64 / self.burst).min(0.5);
            self.change(fits.max(SMALLEST / capacity));
        }
        self.lost *= 1.0 - (drain.records as f64 / (MEMORY * capacity)).min(1.0);
        if self.seen > CALM * self.capacity() as u64 {
            if self.burst < 0.44 * LOG as f64 && self.limit < self.most {
                self.change(2.0);
            }
            self.seen = 0;
            self.burst = 0.0;
        }
        (self.limit != was).then(|| self.limit as f64 / was as f64)
    }

    fn change(&mut self, factor: f64) {
        self.limit = ((self.limit as f64 * factor) as u64).clamp(1, self.most);
        self.lost = 0.0;
        self.burst = 0.0;
        self.seen = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(sample: &Sample, hits: usize) -> Drain {
        Drain {
            records: hits.min(LOG) + 1,
            burst: hits,
            lost: hits.saturating_sub(LOG),
            limit: sample.limit(),
        }
    }

    #[test]
    fn small_caches_are_sampled_whole_and_large_ones_by_two_thousand() {
        assert_eq!(Sample::new(10).limit(), ALL);
        assert_eq!(Sample::new(4096).capacity(), 4096);
        let mut last = 4096;
        for entries in [5000, 10_000, 20_000, 40_000, 65_536] {
            let capacity = Sample::new(entries).capacity();
            assert!(
                capacity <= last && capacity >= 2000,
                "{entries}: {capacity}"
            );
            last = capacity;
        }
        for entries in [70_000, 1 << 20, 1 << 30] {
            assert!(Sample::new(entries).capacity().abs_diff(2048) < 10);
        }
        assert_eq!(Sample::new(0).capacity(), 1);
    }

    #[test]
    fn the_limit_falls_until_bursts_fit_and_rises_when_they_are_over() {
        let mut sample = Sample::new(1000);
        for _ in 0..20 {
            let hits = 900 * sample.limit() as usize / ALL as usize;
            sample.drained(drain(&sample, hits));
        }
        let narrow = sample.limit();
        assert!(narrow < ALL / 8 && narrow > ALL / 64, "{narrow}");
        assert!(900 * narrow / ALL <= LOG as u64);
        for _ in 0..200_000 {
            sample.drained(drain(&sample, 3));
        }
        assert_eq!(sample.limit(), ALL);
    }

    #[test]
    fn a_log_filled_under_a_higher_limit_counts_once() {
        let mut sample = Sample::new(100_000);
        let before = drain(&sample, 1000);
        assert!(sample.drained(before).is_some());
        let after = sample.limit();
        for _ in 0..7 {
            assert_eq!(
                sample.drained(before),
                None,
                "the other shards' logs of the same time"
            );
        }
        assert_eq!(sample.limit(), after);
    }
}
