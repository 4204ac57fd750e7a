//! Which capacities are tried.

/// A capacity as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Capacity {
    /// Entries, or units of weight.
    Absolute(u64),
    /// Percent of all distinct keys, or of their weight.
    Percent(f64),
}

/// In percent: from where a cache is hardly worth it to where it holds half of everything.
const LADDER: [f64; 9] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];

impl Capacity {
    /// Reads `5000`, `10k`, `64Mi` or `2.5%`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.parse().ok()?;
            return (percent > 0.0 && percent <= 100.0).then_some(Self::Percent(percent));
        }
        let end = text
            .find(|character: char| !character.is_ascii_digit() && character != '_')
            .unwrap_or(text.len());
        let (digits, unit) = text.split_at_checked(end)?;
        let factor = match unit.to_ascii_lowercase().as_str() {
            "" => 1,
            "k" => 1000,
            "m" => 1_000_000,
            "g" => 1_000_000_000,
            "ki" | "kib" => 1 << 10,
            "mi" | "mib" => 1 << 20,
            "gi" | "gib" => 1 << 30,
            _ => return None,
        };
        let number: u64 = digits.replace('_', "").parse().ok()?;
        let capacity = number.checked_mul(factor)?;
        (capacity > 0).then_some(Self::Absolute(capacity))
    }

    fn resolved(self, whole: u64) -> u64 {
        let capacity = match self {
            Self::Absolute(capacity) => capacity,
            Self::Percent(percent) => (whole as f64 * percent / 100.0).round() as u64,
        };
        capacity.clamp(1, LARGEST)
    }
}

/// So that a capacity and a weight can be added.
const LARGEST: u64 = 1 << 62;

/// What to try, in ascending order: what was asked for, or the ladder. `whole` is what would hold everything.
pub(crate) fn ascending(asked: &[Capacity], whole: u64) -> Vec<u64> {
    let mut all: Vec<u64> = if asked.is_empty() {
        let ladder = LADDER.into_iter().map(Capacity::Percent);
        ladder.map(|step| step.resolved(whole)).collect()
    } else {
        asked.iter().map(|step| step.resolved(whole)).collect()
    };
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_and_percents() {
        let read = [
            ("5000", Some(Capacity::Absolute(5000))),
            ("5_000", Some(Capacity::Absolute(5000))),
            ("10k", Some(Capacity::Absolute(10_000))),
            ("64MiB", Some(Capacity::Absolute(64 << 20))),
            ("2.5%", Some(Capacity::Percent(2.5))),
            ("0", None),
            ("", None),
            ("_", None),
            ("-1", None),
            ("101%", None),
            ("NaN%", None),
            ("12x", None),
            ("99999999999999999999", None),
            ("18446744073709551615k", None),
        ];
        for (text, expected) in read {
            assert_eq!(Capacity::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_ladder_has_no_step_twice_and_none_of_zero() {
        assert_eq!(ascending(&[], 100_000).len(), LADDER.len());
        assert_eq!(ascending(&[], 100_000).first(), Some(&100));
        assert_eq!(ascending(&[], 3), [1, 2]);
        let asked = [
            Capacity::Absolute(7),
            Capacity::Percent(50.0),
            Capacity::Absolute(7),
        ];
        assert_eq!(ascending(&asked, 10), [5, 7]);
    }
}
