//! The one door to locks, atomics and thread-locals.
//!
//! Every protocol of the crate imports its primitives from here, so that the same source runs on the real machine, under
//! loom (`--cfg tenfold_loom`, every interleaving of a small model) and under shuttle (`--cfg tenfold_shuttle`, many random
//! schedules of a large one). Differences that the three need are settled in this file and nowhere else:
//!
//! * [`Mutex`] has `lock` and `try_lock` without poisoning, as parking_lot has.
//! * [`global!`] and [`local!`] declare statics, which the model checkers have to re-create for every execution.
//! * [`store_load_barrier`] stands between a store and a later load that must not overtake it. On the machine the
//!   sequentially consistent read-modify-write before it already orders them; loom treats such accesses as
//!   acquire-release and is exact only for fences, so the models get one.
//! * [`full_barrier`] is a fence on every machine: it orders also what is not sequentially consistent.
//! * [`fault`] breaks a protocol on purpose, so that a model is seen to fail before its success is believed.

#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod imp {
    pub(crate) use crossbeam_utils::sync::{Parker, Unparker};
    pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::Arc;
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, fence,
    };

    macro_rules! global {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            $(#[$meta])* static $name: $type = $init;
        };
    }
    macro_rules! local {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            std::thread_local! { $(#[$meta])* static $name: $type = const { $init }; }
        };
    }
    pub(crate) use {global, local};

    /// Lets another thread run; called by a writer that waits for readers to finish a few instructions.
    pub(crate) fn yield_now() {
        std::thread::yield_now();
    }

    /// Locks a mutex that is held for a few hundred nanoseconds as a rule: looks again for about as long before it lets others run, which
    /// would take longer than that.
    #[inline(always)]
    pub(crate) fn lock_briefly<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        match mutex.try_lock() {
            Some(guard) => guard,
            None => lock_soon(mutex),
        }
    }

    #[inline(never)]
    fn lock_soon<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        const LOOKS: usize = 64;
        for _ in 0..LOOKS {
            std::hint::spin_loop();
            if mutex.is_locked() {
                continue;
            }
            if let Some(guard) = mutex.try_lock() {
                return guard;
            }
        }
        mutex.lock()
    }
}

#[cfg(tenfold_loom)]
mod imp {
    pub use loom::sync::Arc;
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, fence,
    };
    pub(crate) use loom::thread::yield_now;

    macro_rules! global {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            loom::lazy_static! { $(#[$meta])* static ref $name: $type = $init; }
        };
    }
    macro_rules! local {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
        };
    }
    pub(crate) use {global, local};

    super::model_mutex!(loom::sync);
    super::model_parker!(loom::sync);
}

#[cfg(tenfold_shuttle)]
mod imp {
    pub use shuttle::sync::Arc;
    pub(crate) use shuttle::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, fence,
    };
    pub(crate) use shuttle::thread::yield_now;

    macro_rules! global {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            shuttle::lazy_static! { $(#[$meta])* static ref $name: $type = $init; }
        };
    }
    macro_rules! local {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            shuttle::thread_local! { $(#[$meta])* static $name: $type = $init; }
        };
    }
    pub(crate) use {global, local};

    super::model_mutex!(shuttle::sync);
    super::model_parker!(shuttle::sync);
}

/// The models have no notion of time.
#[cfg(any(tenfold_loom, tenfold_shuttle))]
pub(crate) fn lock_briefly<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

/// A mutex of a model checker with parking_lot's interface. A poisoned lock means that the model already failed.
#[cfg(any(tenfold_loom, tenfold_shuttle))]
macro_rules! model_mutex {
    ($($path:ident)::+) => {
        pub(crate) use $($path)::+::MutexGuard;

        #[derive(Debug)]
        pub(crate) struct Mutex<T>($($path)::+::Mutex<T>);

        impl<T> Mutex<T> {
            pub(crate) fn new(value: T) -> Self {
                Self($($path)::+::Mutex::new(value))
            }

            pub(crate) fn lock(&self) -> $($path)::+::MutexGuard<'_, T> {
                self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
            }

            pub(crate) fn try_lock(&self) -> Option<$($path)::+::MutexGuard<'_, T>> {
                self.0.try_lock().ok()
            }
        }

        impl<T: Default> Default for Mutex<T> {
            fn default() -> Self {
                Self::new(T::default())
            }
        }
    };
}
#[cfg(any(tenfold_loom, tenfold_shuttle))]
use model_mutex;

/// What a thread parks on, with crossbeam's interface: a token that is there or not. The checkers have it per thread, which is not
/// what a nested wait needs.
#[cfg(any(tenfold_loom, tenfold_shuttle))]
macro_rules! model_parker {
    ($($path:ident)::+) => {
        #[derive(Clone, Debug)]
        pub(crate) struct Unparker(std::sync::Arc<($($path)::+::Mutex<bool>, $($path)::+::Condvar)>);

        #[derive(Debug)]
        pub(crate) struct Parker(Unparker);

        impl Parker {
            pub(crate) fn new() -> Self {
                let parts = ($($path)::+::Mutex::new(false), $($path)::+::Condvar::new());
                Self(Unparker(std::sync::Arc::new(parts)))
            }

            pub(crate) fn park(&self) {
                let (token, bell) = &*self.0.0;
                let mut token = token.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                while !std::mem::take(&mut *token) {
                    token = bell.wait(token).unwrap_or_else(|poisoned| poisoned.into_inner());
                }
            }

            pub(crate) fn unparker(&self) -> &Unparker {
                &self.0
            }
        }

        impl Unparker {
            pub(crate) fn unpark(&self) {
                let (token, bell) = &*self.0;
                *token.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = true;
                bell.notify_one();
            }
        }
    };
}
#[cfg(any(tenfold_loom, tenfold_shuttle))]
use model_parker;

#[cfg(any(tenfold_loom, tenfold_shuttle))]
pub use imp::Arc;
pub(crate) use imp::*;

/// Keeps an earlier sequentially consistent read-modify-write before the loads that follow.
#[inline(always)]
pub(crate) fn store_load_barrier() {
    if cfg!(tenfold_loom) && !fault::is(fault::Fault::SkipBarrier) {
        fence(Ordering::SeqCst);
    }
}

/// Keeps whatever is before it, of any ordering, before the loads that follow; between two of these, one thread sees what the other
/// did.
#[inline(always)]
pub(crate) fn full_barrier() {
    if !fault::is(fault::Fault::SkipBarrier) {
        fence(Ordering::SeqCst);
    }
}

/// Deliberate faults, one at a time, named by the environment variable `TENFOLD_FAULT` of a model's process. A build without
/// a model checker has none: every question is answered `false` at compile time.
pub(crate) mod fault {
    /// A way to break a protocol; each makes one model fail.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Fault {
        /// A reader of a snapshot does not announce itself.
        SkipAnnounce,
        /// The barrier between announcing and reading, or between replacing and scanning, is missing.
        SkipBarrier,
        /// A publisher frees the old value without looking for readers.
        SkipScan,
        /// A reader announces only the value it found, and does so after it found it.
        AnnounceLate,
        /// A publisher that retires a value notes an era that is already over.
        RetireEarly,
        /// A reader leaves with a relaxed store, so that its reads may slip behind it.
        LeaveRelaxed,
        /// An update publishes without checking that the value it started from is still current.
        SkipCompare,
        /// A thread gives its number back without releasing what it wrote.
        ReleaseRelaxed,
        /// A reader of several words takes them without looking at the version again.
        SkipVersionCheck,
        /// A writer of several words may write them before it announces so.
        SkipWriteFence,
        /// Every thread gets the same number, so that a stripe has two writers.
        ShareNumber,
        /// A lease looks whether a node or a backend has room, and enters in a second step.
        EnterUnchecked,
        /// A bounded ring forgets a node that has left as soon as it has no leases.
        ForgetAbsent,
        /// A call decides by a bucket's old word and its new quota.
        MixQuotas,
        /// A new quota begins on the same axis as the old one.
        SameAxis,
        /// A new quota may be written before the old word is frozen.
        SkipFreezeFence,
        /// Who changes a set of keys does not ask whether somebody else has changed it since it looked.
        WriteUnasked,
        /// A key that was brought by another thread meanwhile gets a second place.
        BringTwice,
        /// A key that is forgotten leaves what it had taken, at a place without a key.
        LeaveWord,
        /// A key with an older timestamp begins with a full bucket, whoever had its place since.
        BeginAnew,
        /// What an evicted key lacked is not counted.
        ForgiveUncounted,
        /// A key that has lost its place is kept as long as nobody takes it.
        KeepKey,
        /// A cancelled reservation is taken back although others were charged since.
        UndoAnyway,
        /// Who waits for a time does not look whether the clock was moved meanwhile.
        ArmWithoutLook,
        /// A waiter that leaves drops what it was granted.
        SwallowGrant,
        /// A waiter does not look at the resource again once it is in line.
        SkipRecheck,
        /// A waiter that is polled with another waker keeps the one it had.
        KeepOldWaker,
        /// Who has the turn keeps it, also if it is not polled.
        KeepUnpolledTurn,
        /// A grant goes to the newest waiter.
        GrantNewest,
        /// A grant goes to somebody whose time is over.
        GrantLate,
        /// Who comes and finds something free takes it, past those in line.
        Barge,
        /// The timer of a line is not armed again after it rang.
        RingOnce,
        /// A lease enters a backend that drains.
        EnterClosed,
        /// Who waits for a drain does not look again once it can be woken.
        SkipDrainRecheck,
        /// A backend that was found drained is removed without another look.
        RemoveUndrained,
        /// A reader that keeps a value at hand does not look for a newer one.
        KeepOldValue,
        /// A nudge during an upkeep is not remembered.
        ForgetNudge,
        /// Who arms an upkeep does not look whether it was stopped.
        RunStopped,
        /// A change of a key leaves the load of it attached.
        KeepAttached,
        /// A load is stored without a look whether it is still attached.
        LandUnasked,
        /// A token is honoured without a look whether its key was changed.
        FillUnasked,
        /// A load of an earlier epoch is joined and stored.
        KeepEpoch,
        /// A leader that has lost the lead is taken for the one that has it.
        LandSuperseded,
        /// A leader that ends without a value tells nobody.
        DropLead,
        /// A landing wakes the first that waits, and nobody else.
        WakeFirst,
        /// A leader that is not polled keeps the lead.
        KeepUnpolledLead,
        /// Who boards leads, whoever does already.
        LeadTwice,
        /// Who waits for itself is not told.
        CloseCircle,
        /// A load is taken for as young as its end.
        BornLate,
        /// A load is shared with whoever comes after one of its tags was invalidated.
        ShareOutdated,
        /// A reader of a cache uses an entry without announcing it.
        SkipCover,
        /// A reader that announced an entry does not look whether it is still there.
        SkipSecondLook,
        /// Entries are reclaimed without a look at the announcements.
        ReclaimUnasked,
        /// Entries move, and nobody is told.
        MoveUntold,
        /// A reader that finds nothing does not look whether entries moved.
        MissUnasked,
        /// A reader whose entry vanished takes that for a miss.
        MissVanished,
        /// A slot is linked by a relaxed store.
        LinkRelaxed,
        /// A reader that goes on to another entry lets go of the last one by a relaxed store.
        ArriveRelaxed,
        /// A reader within a reader announces itself in the same record.
        ShareRecord,
        /// A cache that is emptied keeps its entries.
        AbandonNothing,
        /// An entry is removed and stays where it is found.
        KeepRemoved,
        /// A shard does not keep to its quota.
        ShedNothing,
        /// An entry that was replaced stays where it is found.
        KeepReplaced,
        /// An entry is reclaimed before the listener has heard of it.
        OweNothing,
        /// Who takes an idle connection does not look whether it still is.
        ClaimUnasked,
        /// A connection may be made without a look at how many there are.
        ReserveUnasked,
        /// Who frees a slot does not say so.
        KeepReserved,
        /// A connection that comes back is put down by a relaxed store.
        PublishRelaxed,
        /// Who takes a connection does not look at the gate.
        SkipGate,
        /// Who puts a connection down does not look who waits for it, or has barred the pool.
        SkipLookBehind,
        /// Who closes a pool does not look what is idle.
        SkipSweep,
        /// Who closes a pool tells nobody that waits.
        CloseSilently,
        /// Who has joined the line of a pool does not look whether it was closed meanwhile.
        JoinUnasked,
        /// A connection is taken for as young as the end of its making.
        NoteLate,
        /// Who asks for a look while another one looks is forgotten.
        ForgetStir,
        /// A slot is said to be free before it is.
        VacateLate,
        /// Who makes room for a connection has none made.
        VacateSilently,
        /// Who says that there are too many connections does not look again.
        SettleOnce,
        /// A slot is listed as idle before it is.
        ListEarly,
        /// Who waits for a pool to change looks before it can be woken.
        WatchLate,
        /// Who resumes a pool does not look who waits.
        ResumeSilently,
        /// Who was told that a connection is there does not ask whether it may be handed out.
        AcceptUnasked,
        /// Who comes takes what is idle, past those in line.
        Overtake,
        /// Who leaves futures to the next tells nobody.
        LeaveUntold,
        /// A pool of a group makes a connection though the budget refuses it.
        ReserveUnbudgeted,
        /// A connection that is gone stays on the budget.
        KeepBudget,
        /// A turn that is not wanted any more goes to nobody.
        KeepGrant,
        /// Who looks after the budget while another one does is forgotten.
        ForgetPump,
        /// Nobody is told that another pool of the group starves.
        StarveUntold,
    }

    /// Whether the model that runs in this process is to break in this way.
    #[cfg(any(tenfold_loom, tenfold_shuttle))]
    pub(crate) fn is(fault: Fault) -> bool {
        static NAMED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        let named = NAMED.get_or_init(|| std::env::var("TENFOLD_FAULT").ok());
        named
            .as_ref()
            .is_some_and(|name| *name == format!("{fault:?}"))
    }

    /// Never, outside a model.
    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    #[inline(always)]
    pub(crate) const fn is(_: Fault) -> bool {
        false
    }
}
