//! crossbeam-epoch as a publisher: its reads go through a raw pointer.
#![expect(
    unsafe_code,
    reason = "crossbeam-epoch has no safe way to read what a pointer points to"
)]

use crossbeam_epoch::{Atomic, Collector, Guard, LocalHandle, Owned, pin};
use std::sync::atomic::Ordering;

use super::{Config, Publish};

/// Pinned through the default collector, as its documentation does.
pub(super) struct Epoch(Atomic<Config>);

impl Publish for Epoch {
    type Handle<'p> = &'p Self;

    fn publish(config: Config) -> Self {
        Self(Atomic::new(config))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn read(epoch: &mut Self::Handle<'_>) -> u64 {
        answer(&epoch.0, &pin())
    }
}

impl Drop for Epoch {
    fn drop(&mut self) {
        reclaim(&mut self.0);
    }
}

/// Pinned through a handle that each thread keeps, which saves the search for the thread's own.
pub(super) struct OwnHandle {
    value: Atomic<Config>,
    collector: Collector,
}

impl Publish for OwnHandle {
    type Handle<'p> = (&'p Atomic<Config>, LocalHandle);

    fn publish(config: Config) -> Self {
        Self {
            value: Atomic::new(config),
            collector: Collector::new(),
        }
    }

    fn handle(&self) -> Self::Handle<'_> {
        (&self.value, self.collector.register())
    }

    fn read((value, handle): &mut Self::Handle<'_>) -> u64 {
        answer(value, &handle.pin())
    }
}

impl Drop for OwnHandle {
    fn drop(&mut self) {
        reclaim(&mut self.value);
    }
}

fn answer(value: &Atomic<Config>, guard: &Guard) -> u64 {
    let current = value.load(Ordering::Acquire, guard);
    // SAFETY: both publishers store one value when they are made and free it when they are dropped, which no reader
    // outlives; it is never replaced.
    let config = unsafe { current.as_ref() };
    config.map_or(0, Config::answer)
}

fn reclaim(value: &mut Atomic<Config>) {
    let value = std::mem::replace(value, Atomic::null());
    // SAFETY: the publisher is being dropped, so no thread holds a reference to it or to its value.
    let owned: Option<Owned<Config>> = unsafe { value.try_into_owned() };
    drop(owned);
}
