//! How many slots each member gets: a divisor method, that of Huntington and Hill.
//!
//! Every member claims its first slot, its second, and so on; the claim of a member of weight `w` to its `k`-th slot is worth
//! `w² / (k (k - 1))`, the first one more than any other. The slots go to the most worthy claims. So a member that joins only adds claims: others can lose
//! slots by it, and none can gain. One that leaves, or whose weight changes, is the same with the roles exchanged.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use super::super::Member;

/// A member's claim to its `number`-th slot, from 1. The greater claim is served first.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Claim {
    weight: u32,
    number: u32,
    id: u64,
    index: usize,
}

impl Claim {
    fn product(&self) -> u128 {
        u128::from(self.number) * u128::from(self.number - 1)
    }
}

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> Ordering {
        let square = |weight: u32| u128::from(weight) * u128::from(weight);
        // Cross-multiplied: weights have 32 bits and there are at most 2^28 slots, so nothing overflows. First claims have a
        // product of zero, and are worth more than all others, whatever the weight.
        match (self.number, other.number) {
            (1, 1) => square(self.weight).cmp(&square(other.weight)),
            _ => (square(self.weight) * other.product())
                .cmp(&(square(other.weight) * self.product())),
        }
        .then(Reverse(self.id).cmp(&Reverse(other.id)))
        .then(self.number.cmp(&other.number).reverse())
    }
}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Slots for each member, in the order of members: `slots` altogether, if at least one has weight and no more have than there
/// are slots; and at least one for each that has weight.
pub(super) fn quotas(members: &[Member], slots: u32) -> Vec<u32> {
    let total: u128 = members.iter().map(|member| u128::from(member.weight)).sum();
    let mut quotas = vec![0_u32; members.len()];
    let mut dealt = 0_u64;
    // The best claim of each that is not served, and the worst that is. The first guess is near the result.
    let (mut waiting, mut served) = (BTreeSet::new(), BTreeSet::new());
    for ((index, member), quota) in members.iter().enumerate().zip(&mut quotas) {
        if member.weight == 0 {
            continue;
        }
        let fair = u128::from(slots) * u128::from(member.weight) / total.max(1);
        *quota = u32::try_from(fair).unwrap_or(slots).max(1);
        dealt += u64::from(*quota);
        let claim = Claim {
            weight: member.weight,
            number: *quota,
            id: member.id,
            index,
        };
        served.insert(claim);
        waiting.insert(Claim {
            number: *quota + 1,
            ..claim
        });
    }
    loop {
        let (Some(best), Some(worst)) = (waiting.last().copied(), served.first().copied()) else {
            return quotas;
        };
        let (whose, number) = match dealt.cmp(&u64::from(slots)) {
            Ordering::Equal if best < worst => return quotas,
            Ordering::Less => {
                dealt += 1;
                (best, best.number)
            }
            // Too many are served, or the wrong ones: the worst claim of all goes back.
            Ordering::Greater | Ordering::Equal if worst.number == 1 => return quotas,
            Ordering::Greater | Ordering::Equal => {
                dealt -= 1;
                (worst, worst.number - 1)
            }
        };
        let Some(quota) = quotas.get_mut(whose.index) else {
            return quotas;
        };
        let claim = |number| Claim { number, ..whose };
        served.remove(&claim(*quota));
        waiting.remove(&claim(*quota + 1));
        *quota = number;
        served.insert(claim(number));
        waiting.insert(claim(number + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(weights: &[u32]) -> Vec<Member> {
        let ids = (1_u64..).map(|id| id.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        ids.zip(weights)
            .map(|(id, weight)| Member::new(id, *weight))
            .collect()
    }

    /// All claims in order, and the first of them served.
    fn by_definition(members: &[Member], slots: u32) -> Vec<u32> {
        let mut claims: Vec<Claim> = members
            .iter()
            .enumerate()
            .filter(|(_, member)| member.weight > 0)
            .flat_map(|(index, member)| {
                (1..=slots).map(move |number| Claim {
                    weight: member.weight,
                    number,
                    id: member.id,
                    index,
                })
            })
            .collect();
        claims.sort_unstable_by_key(|claim| Reverse(*claim));
        let mut quotas = vec![0; members.len()];
        claims
            .iter()
            .take(slots as usize)
            .for_each(|claim| quotas[claim.index] += 1);
        quotas
    }

    fn weight() -> impl Strategy<Value = u32> {
        prop_oneof![4 => 0_u32..4, 3 => 1_u32..100, 1 => any::<u32>(), 1 => Just(u32::MAX)]
    }

    proptest! {
        #[test]
        fn the_most_worthy_claims_are_served(weights in prop::collection::vec(weight(), 0..12), slots in 12_u32..90) {
            let members = members(&weights);
            prop_assert_eq!(quotas(&members, slots), by_definition(&members, slots));
        }

        #[test]
        fn who_stays_gains_nothing_when_another_joins(weights in prop::collection::vec(1_u32..50, 1..30), slots in 30_u32..5000) {
            let members = members(&weights);
            let after = quotas(&members, slots);
            let before = quotas(&members[..members.len() - 1], slots);
            prop_assert!(before.iter().zip(&after).all(|(before, after)| after <= before));
        }
    }

    #[test]
    fn equal_members_differ_by_one() {
        let quotas = quotas(&members(&[1; 100]), 65_536);
        assert_eq!(quotas.iter().sum::<u32>(), 65_536);
        assert!(quotas.iter().all(|quota| [655, 656].contains(quota)));
    }

    #[test]
    fn the_lightest_gets_a_slot() {
        assert_eq!(quotas(&members(&[u32::MAX, 1, 0]), 3), [2, 1, 0]);
        assert_eq!(quotas(&members(&[7, 7, 7]), 3), [1, 1, 1]);
        assert_eq!(quotas(&members(&[]), 3), [0_u32; 0]);
    }
}
