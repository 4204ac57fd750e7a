//! The one trait behind which every contestant of this module stands, and the two limiters that are asked.

/// Something that admits calls or refuses them.
pub(super) trait Limiter: Sized + Sync + 'static {
    /// What it reads the time from; two limiters may share it.
    type Clock;
    /// What a thread holds while it asks.
    type Handle<'l>
    where
        Self: 'l;

    /// Whether it admits all that it should while several threads ask at once.
    const EXACT: bool = true;

    fn clock() -> Result<Self::Clock, String>;

    fn build(clock: &Self::Clock, allowance: Allowance) -> Result<Self, String>;

    fn handle(&self) -> Self::Handle<'_>;

    /// Asks for one token.
    fn ask(handle: &mut Self::Handle<'_>) -> bool;
}

/// How much a limiter allows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Allowance {
    /// [`RATE`] tokens per second, a second's worth at once: more than any number of threads can ask for.
    Everything,
    /// One token per hour, one at once. It is taken before the measurement, which does not last for an hour.
    Nothing,
}

/// Tokens per second of [`Allowance::Everything`].
pub(super) const RATE: u32 = 1_000_000_000;
/// What the thread's own timestamps advance by from call to call: about what the fastest call takes. With more, threads would run ahead of
/// real time, in which the next round begins, and be refused there.
pub(super) const PACE_NS: u64 = 4;

/// A limiter of this allowance that answered as it must.
pub(super) fn checked<L: Limiter>(clock: &L::Clock, allowance: Allowance) -> Result<L, String> {
    let limiter = L::build(clock, allowance)?;
    let mut handle = limiter.handle();
    let calls = 10_000;
    let admitted = (0..calls).filter(|_| L::ask(&mut handle)).count();
    drop(handle);
    let expected = match allowance {
        Allowance::Everything => calls,
        Allowance::Nothing => 1,
    };
    if admitted == expected {
        Ok(limiter)
    } else {
        Err(format!(
            "{admitted} of {calls} calls admitted instead of {expected}"
        ))
    }
}
