//! Histograms: recording a latency, and what a histogram holds afterwards.

use std::sync::atomic::{AtomicU64, Ordering};

use hdrhistogram::sync::{Recorder, SyncHistogram};
use parking_lot::Mutex;
use tenfold::histogram::Histogram;

use crate::input;
use crate::memory::Meter;
use crate::worker::Feed;
use crate::workload::{Contestant, Role, Timed, Worker, Workload};

pub(crate) fn workloads() -> Vec<Workload> {
    let record = vec![
        recording::<Histogram>("tenfold", Role::Tenfold),
        recording::<SyncHistogram<u64>>("hdrhistogram (recorder)", Role::Peer),
        recording::<Locked>("hdrhistogram (mutex)", Role::Peer),
        recording::<OwnBuckets>("buckets of each thread", Role::Limit),
        recording::<SharedCounter>("shared fetch_add", Role::Limit),
    ];
    let memory = vec![
        holding::<Histogram>("tenfold", Role::Tenfold),
        holding::<SyncHistogram<u64>>("hdrhistogram (recorder)", Role::Peer),
        holding::<Locked>("hdrhistogram (mutex)", Role::Peer),
    ];
    vec![
        Workload::timed("record", &[1, 2, 4], record),
        Workload::counted("memory after 1M values", "bytes", memory),
    ]
}

/// Something that durations are recorded in.
trait Record: Sized + Sync + 'static {
    /// What a thread holds while it records.
    type Handle<'r>
    where
        Self: 'r;

    fn empty() -> Result<Self, String>;

    fn handle(&self) -> Self::Handle<'_>;

    fn record(handle: &mut Self::Handle<'_>, value_ns: u64);

    /// How many values are in it and their median, once no thread holds a handle; none for a limit that cannot tell.
    fn summary(self) -> Option<(u64, u64)>;
}

fn recording<R: Record>(name: &'static str, role: Role) -> Contestant<Box<dyn Timed>> {
    Contestant::new(name, role, || {
        check::<R>()?;
        Ok(Box::new(Recording(R::empty()?)) as Box<dyn Timed>)
    })
}

struct Recording<R>(R);

impl<R: Record> Timed for Recording<R> {
    fn batch(&self) -> u64 {
        Feed::<()>::BATCH as u64
    }

    fn worker(&self, thread: usize) -> Box<dyn Worker + '_> {
        let mut handle = self.0.handle();
        let operation = move |value_ns: &u64| R::record(&mut handle, *value_ns);
        Box::new(Feed::new(input::latencies(thread), operation))
    }
}

/// Bytes held after one thread has recorded a million values, its handle included.
fn holding<R: Record>(name: &'static str, role: Role) -> Contestant<f64> {
    Contestant::new(name, role, || {
        // What a crate sets up once for the process or the thread is not part of a histogram.
        check::<R>()?;
        let values = input::latencies(0);
        let meter = Meter::start();
        let histogram = Box::new(R::empty()?);
        let mut handle = Box::new(histogram.handle());
        for value_ns in values.iter().cycle().take(1_000_000) {
            R::record(&mut handle, *value_ns);
        }
        Ok(meter.bytes())
    })
}

/// Whether every value is counted and the median is within 5 % of the true one.
fn check<R: Record>() -> Result<(), String> {
    let values = input::latencies(0);
    let histogram = R::empty()?;
    {
        let mut handle = histogram.handle();
        for value_ns in values.iter() {
            R::record(&mut handle, *value_ns);
        }
    }
    let Some((count, median_ns)) = histogram.summary() else {
        return Ok(());
    };
    if count != values.len() as u64 {
        return Err(format!("{count} values of {}", values.len()));
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let expected_ns = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    if median_ns.abs_diff(expected_ns) > expected_ns / 20 {
        return Err(format!(
            "a median of {median_ns} ns instead of {expected_ns} ns"
        ));
    }
    Ok(())
}

impl Record for Histogram {
    type Handle<'r> = &'r Self;

    fn empty() -> Result<Self, String> {
        Ok(Self::new())
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn record(histogram: &mut Self::Handle<'_>, value_ns: u64) {
        Self::record(histogram, value_ns);
    }

    fn summary(self) -> Option<(u64, u64)> {
        let distribution = self.distribution();
        Some((distribution.count(), distribution.quantile(0.5)))
    }
}

/// Two significant digits up to a minute.
fn hdr() -> Result<hdrhistogram::Histogram<u64>, String> {
    const LONGEST_NS: u64 = 60_000_000_000;
    hdrhistogram::Histogram::new_with_bounds(1, LONGEST_NS, 2).map_err(|error| error.to_string())
}

/// A recorder for every thread, which is the documented fast path.
impl Record for SyncHistogram<u64> {
    type Handle<'r> = Recorder<u64>;

    fn empty() -> Result<Self, String> {
        hdr().map(Self::from)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.recorder()
    }

    fn record(recorder: &mut Self::Handle<'_>, value_ns: u64) {
        let _in_range = recorder.record(value_ns);
    }

    fn summary(mut self) -> Option<(u64, u64)> {
        self.refresh();
        Some((self.len(), self.value_at_quantile(0.5)))
    }
}

/// One histogram behind a lock.
struct Locked(Mutex<hdrhistogram::Histogram<u64>>);

impl Record for Locked {
    type Handle<'r> = &'r Self;

    fn empty() -> Result<Self, String> {
        hdr().map(|histogram| Self(Mutex::new(histogram)))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn record(locked: &mut Self::Handle<'_>, value_ns: u64) {
        let _in_range = locked.0.lock().record(value_ns);
    }

    fn summary(self) -> Option<(u64, u64)> {
        let histogram = self.0.into_inner();
        Some((histogram.len(), histogram.value_at_quantile(0.5)))
    }
}

/// The limit of a histogram that shares nothing: find the bucket, add one to it in memory of the thread's own.
struct OwnBuckets;

/// 64 buckets for each power of two.
const BUCKETS: usize = 64 * 64;

fn bucket(value_ns: u64) -> usize {
    let magnitude = value_ns.max(64).ilog2();
    let within = (value_ns >> (magnitude - 6)) & 63;
    magnitude as usize * 64 + within as usize
}

impl Record for OwnBuckets {
    type Handle<'r> = Box<[u64; BUCKETS]>;

    fn empty() -> Result<Self, String> {
        Ok(Self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        Box::new([0; BUCKETS])
    }

    fn record(buckets: &mut Self::Handle<'_>, value_ns: u64) {
        if let Some(count) = buckets.get_mut(bucket(value_ns)) {
            *count += 1;
        }
    }

    fn summary(self) -> Option<(u64, u64)> {
        None
    }
}

/// The limit of a histogram that shares everything: one atomic addition to one line.
#[derive(Default)]
struct SharedCounter(AtomicU64);

impl Record for SharedCounter {
    type Handle<'r> = &'r AtomicU64;

    fn empty() -> Result<Self, String> {
        Ok(Self::default())
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn record(counter: &mut Self::Handle<'_>, value_ns: u64) {
        counter.fetch_add(value_ns, Ordering::Relaxed);
    }

    fn summary(self) -> Option<(u64, u64)> {
        None
    }
}
