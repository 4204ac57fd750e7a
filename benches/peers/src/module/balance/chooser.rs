//! The one trait behind which every contestant of this module stands.

use super::fleet::Fleet;

/// Something that chooses a backend.
pub(super) trait Chooser: Sized + Sync + 'static {
    /// What a thread holds while it asks.
    type Handle<'c>
    where
        Self: 'c;

    /// Whether it really names backends: a bare counter does not.
    const NAMES: bool = true;

    /// Whether it soon chooses every backend that is up.
    const SPREADS: bool = true;

    fn build(fleet: Fleet) -> Result<Self, String>;

    fn handle(&self) -> Self::Handle<'_>;

    /// The number of the chosen backend; a lease of it has ended when this returns.
    fn ask(handle: &mut Self::Handle<'_>) -> u64;
}

/// A contestant that answered as it must: it chooses every backend that is up, if it spreads, and none that is down.
pub(super) fn checked<C: Chooser>(fleet: Fleet) -> Result<C, String> {
    let chooser = C::build(fleet)?;
    if !C::NAMES {
        return Ok(chooser);
    }
    let mut chosen = vec![0_u64; fleet.backends];
    let mut handle = chooser.handle();
    for _ in 0..100 * fleet.backends {
        let number = C::ask(&mut handle);
        *chosen
            .get_mut(number as usize)
            .ok_or_else(|| format!("chose backend {number}"))? += 1;
    }
    drop(handle);
    for (number, &times) in fleet.numbers().zip(&chosen) {
        let must = !fleet.is_down(number);
        if times > 0 && !must || times == 0 && must && C::SPREADS {
            return Err(format!("chose backend {number} {times} times"));
        }
    }
    Ok(chooser)
}
