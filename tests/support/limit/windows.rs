//! No window sees more than the burst and what comes meanwhile: all windows of a record at once, in exact numbers.

use tenfold::limit::Quota;

use crate::model::CENTURY;

/// What the worst window that ends here has seen, in parts of a token, less what came meanwhile.
///
/// A window is a run of calls, from one admission to another, and its length the difference of their timestamps, negative if the last is
/// older. So if calls are recorded in their order and timestamps go backwards, this asks for more than a bound of windows in
/// time: an older timestamp must find less. Let `E` be the largest excess of the windows that end with a call; then for
/// the next one it is `max(E - rate × step of time, 0) + cost`, which looks at all windows without a list of them.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    /// Parts per token and per nanosecond.
    token: i128,
    rate: i128,
    burst: i128,
    excess: i128,
    last: i128,
    /// What rounding explains: a token for each change to a quota that counts in fractions.
    slack: i128,
}

impl Windows {
    pub(crate) fn of(quota: &Quota) -> Self {
        assert!(!quota.is_unlimited());
        Self::new(
            quota.period().as_nanos() as i128,
            i128::from(quota.tokens()),
            quota.burst(),
        )
    }

    /// `token` parts are a token, and `rate` of them come per nanosecond.
    pub(crate) fn new(token: i128, rate: i128, burst: u64) -> Self {
        Self {
            token,
            rate,
            burst: token * i128::from(burst),
            excess: 0,
            last: 0,
            slack: 0,
        }
    }

    fn go_on(&mut self, now: u64) {
        let now = i128::from(now.min(CENTURY));
        self.excess = self.excess.saturating_sub(self.rate * (now - self.last));
        self.last = now;
    }

    /// Tokens were taken.
    ///
    /// # Errors
    ///
    /// If there is a window that ends here and has seen too much.
    pub(crate) fn admitted(&mut self, now: u64, cost: u64) -> Result<(), String> {
        self.go_on(now);
        self.excess = self
            .excess
            .max(0)
            .saturating_add(self.token.saturating_mul(i128::from(cost)));
        let most = self.burst.saturating_add(self.slack);
        if self.excess > most {
            let over = self.excess - most;
            return Err(format!(
                "a window that ends at {now} ns is {over} / {} tokens over",
                self.token
            ));
        }
        Ok(())
    }

    /// Tokens came back.
    pub(crate) fn refunded(&mut self, now: u64, cost: u64) {
        self.go_on(now);
        self.excess = self
            .excess
            .saturating_sub(self.token.saturating_mul(i128::from(cost)));
    }

    /// From now on there are others. A window across this has the larger burst.
    ///
    /// The filling of a quota whose nanoseconds are `rounded` begins with a whole unit. What goes back in time to that moment may see
    /// up to a unit more, which is no more than a token.
    pub(crate) fn changed(&mut self, now: u64, rate: i128, burst: u64, rounded: bool) {
        self.go_on(now);
        self.rate = rate;
        self.slack += self.token * i128::from(rounded);
        self.burst = self.burst.max(self.token * i128::from(burst));
    }

    /// Everything begins anew with `cost` tokens. Windows across this may see them too; and what was taken before, with whatever timestamp,
    /// is forgotten.
    pub(crate) fn reset(&mut self, cost: u64) {
        self.excess = self
            .excess
            .min(self.burst)
            .saturating_sub(self.token * i128::from(cost));
    }
}
