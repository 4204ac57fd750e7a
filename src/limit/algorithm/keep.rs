//! What becomes of the tokens when the quota changes.

use super::Meter;
use crate::limit::Quota;

/// What becomes of the tokens when the quota changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Keep {
    /// As many tokens as there are stay, as far as the new burst has room; debt stays too.
    #[default]
    Tokens,
    /// The same part of the burst stays: half full remains half full. From a burst of zero nothing is carried over. One token of a
    /// burst of ten becomes ten of a burst of a hundred.
    Proportion,
    /// The new quota begins with its initial tokens, whatever was taken before, and debt is forgiven.
    Reset,
}

impl Keep {
    /// The word on the axis of `new` that stands for `word` on the axis of `old`. What has to be rounded is rounded to fewer tokens.
    pub(crate) fn carried(
        self,
        old: &Meter,
        new: &Meter,
        word: u64,
        now: u64,
        quota: &Quota,
    ) -> u64 {
        let burst = i128::from(new.burst);
        let kept = match self {
            Self::Reset => i128::from(quota.initial()).checked_mul(i128::from(new.scale)),
            // What was free was there without end.
            Self::Tokens | Self::Proportion if old.scale == 0 => Some(burst),
            Self::Tokens => times(old.balance(word, now), new.scale, old.scale),
            Self::Proportion => times(old.balance(word, now), new.burst, old.burst),
        };
        // What does not fit into 128 bits is more debt than there is room for.
        let kept = kept.unwrap_or(i128::MIN).min(burst);
        let ahead = burst.saturating_sub(kept).max(0);
        u64::try_from(i128::from(new.base).saturating_add(ahead)).unwrap_or(u64::MAX)
    }
}

/// `amount × by / of`, rounded down; zero if `of` is.
fn times(amount: i128, by: u64, of: u64) -> Option<i128> {
    let product = amount.checked_mul(i128::from(by))?;
    Some(product.checked_div_euclid(i128::from(of)).unwrap_or(0))
}
