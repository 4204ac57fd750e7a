//! What a ring looks like from above, and what lies between two of them.

use super::placement::{Layout, Placement, Table, ascending};
use super::{Error, Moves, Plan, Ring, Stats, stats};

/// # Shares and plans
impl<N, P: Placement> Ring<N, P> {
    /// Size, memory and evenness of the table.
    ///
    /// # Complexity
    ///
    /// One pass over the entries: for dashboards, not for requests.
    #[must_use]
    pub fn stats(&self) -> Stats {
        stats::of_table(self.table(), self.members())
    }

    /// Each node with its share of all hashes, 0 to 1; `None` if the placement does not tell.
    ///
    /// For placements without ranges ([`Jump`](super::Jump), [`Rendezvous`](super::Rendezvous), [`Anchor`](super::Anchor)) it
    /// is the share in expectation.
    ///
    /// # Complexity
    ///
    /// One pass over the entries.
    ///
    /// ```
    /// use tenfold::ring::Ring;
    ///
    /// let ring = Ring::builder().weighted("large", 2).weighted("small", 1).build()?;
    /// for (node, share) in ring.shares().into_iter().flatten() {
    ///     println!("{node}: {:.1} %", 100.0 * share);
    /// }
    /// # Ok::<(), tenfold::ring::Error>(())
    /// ```
    #[must_use]
    pub fn shares(&self) -> Option<impl ExactSizeIterator<Item = (&N, f64)> + '_> {
        let shares = stats::shares(self.table(), self.len())?;
        Some(self.list().iter().zip(shares))
    }

    /// The ranges of hashes with their owners, as first hash, last hash and node, in ascending order; neighbours of one node
    /// are one range. `None` if the placement has no ranges, or if nobody owns anything.
    #[must_use]
    pub fn ranges(&self) -> Option<impl Iterator<Item = (u64, u64, &N)> + '_> {
        let Layout::Ranges(ranges) = self.table().layout() else {
            return None;
        };
        let mut ranges = ascending(ranges).peekable();
        ranges.peek()?;
        let mut first = Some(0);
        Some(std::iter::from_fn(move || {
            let (mut last, owner) = ranges.next()?;
            while let Some((longer, _)) = ranges.next_if(|(_, next)| *next == owner) {
                last = longer;
            }
            let begin = first?;
            first = last.checked_add(1);
            Some((begin, last, self.node(owner)?))
        }))
    }

    /// What changes hands on the way from this ring to another one, which may have another placement with the same hash.
    ///
    /// # Errors
    ///
    /// [`Error::Incomparable`] if one of the placements has no ranges, unless both are [`Jump`](super::Jump).
    ///
    /// # Complexity
    ///
    /// One pass over the entries of both tables; 56 bytes per range that moves. For [`Jump`](super::Jump), one pass over the
    /// buckets and 16 bytes for each.
    pub fn plan<P2: Placement<Hash = P::Hash>>(&self, to: &Ring<N, P2>) -> Result<Plan, Error> {
        match (self.table().layout(), to.table().layout()) {
            (Layout::Jump(old), Layout::Jump(new)) => Ok(Plan::between_buckets(
                (old, self.members()),
                (new, to.members()),
            )),
            _ => self.plan_copies(to, 1),
        }
    }

    /// What must be copied on the way from this ring to another one, if the first `copies` of a key's
    /// [`replicas`](Self::replicas) hold it.
    ///
    /// # Errors
    ///
    /// [`Error::Incomparable`] if one of the placements has no ranges.
    ///
    /// # Complexity
    ///
    /// As [`moves`](Self::moves); 56 bytes per move.
    pub fn plan_copies<P2: Placement<Hash = P::Hash>>(
        &self,
        to: &Ring<N, P2>,
        copies: usize,
    ) -> Result<Plan, Error> {
        Ok(Plan::of_moves(self.moves(to, copies)?.collect()))
    }

    /// The moves of [`plan_copies`](Self::plan_copies) one by one, in ascending order of ranges: for plans that are executed,
    /// stored or sent as they come.
    ///
    /// # Errors
    ///
    /// [`Error::Incomparable`] if one of the placements has no ranges.
    ///
    /// # Complexity
    ///
    /// For each range of either ring, `copies` steps in both; memory for `copies` nodes.
    pub fn moves<'r, P2: Placement<Hash = P::Hash>>(
        &'r self,
        to: &'r Ring<N, P2>,
        copies: usize,
    ) -> Result<Moves<'r, N, P, P2>, Error> {
        Moves::new(self, to, copies)
    }
}
