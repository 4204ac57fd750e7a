//! Members as other systems list them: with a name and a weight, and those without weight left out.

use crate::ring::Error;
use crate::ring::placement::Member;

/// A member with weight.
#[derive(Clone, Copy)]
pub(super) struct Listed<'m> {
    /// Its index among all members.
    pub(super) owner: u32,
    pub(super) weight: u32,
    pub(super) name: &'m [u8],
}

/// The members with weight, in their order.
pub(super) fn listed(members: &[Member]) -> Result<Vec<Listed<'_>>, Error> {
    let alive = (0_u32..)
        .zip(members)
        .filter(|(_, member)| member.weight > 0);
    let listed = alive.map(|(owner, member)| {
        let name = member
            .name
            .as_deref()
            .ok_or(Error::Nameless { node: owner })?;
        Ok(Listed {
            owner,
            weight: member.weight,
            name,
        })
    });
    listed.collect()
}

/// The sum of all weights.
pub(super) fn total(listed: &[Listed<'_>]) -> u64 {
    listed
        .iter()
        .map(|member| u64::from(member.weight))
        .fold(0, u64::saturating_add)
}

/// The parts of a whole that members of these weights have, as Envoy computes them.
pub(super) fn normalised(listed: &[Listed<'_>]) -> Vec<f64> {
    let total = total(listed) as f64;
    listed
        .iter()
        .map(|member| f64::from(member.weight) / total)
        .collect()
}

/// A text that is hashed with one number after the other behind it.
pub(super) struct Numbered {
    text: Vec<u8>,
    /// Bytes in front of the number.
    fixed: usize,
}

impl Numbered {
    pub(super) fn new(name: &[u8], separator: u8) -> Self {
        let text = [name, &[separator]].concat();
        Self {
            fixed: text.len(),
            text,
        }
    }

    /// The text with this number, in decimal digits.
    pub(super) fn with(&mut self, number: u64) -> &[u8] {
        self.text.truncate(self.fixed);
        let mut left = number;
        loop {
            self.text.push(b'0' + (left % 10) as u8);
            left /= 10;
            if left == 0 {
                break;
            }
        }
        if let Some(digits) = self.text.get_mut(self.fixed..) {
            digits.reverse();
        }
        &self.text
    }
}
