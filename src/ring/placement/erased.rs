//! A placement that is chosen at run time.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{Layout, Limits, Member, Placement, Table, Walk};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Any placement behind one type, for a choice that is made at run time. A lookup costs one indirect call more. It takes
/// any placement that hashes keys with [`StableHash`].
///
/// ```
/// use tenfold::ring::placement::DynPlacement;
/// use tenfold::ring::{Maglev, Native, Ring};
///
/// let even_load = true;
/// let placement = if even_load { DynPlacement::new(Maglev::default()) } else { DynPlacement::new(Native::default()) };
/// let ring: Ring<_, DynPlacement> = Ring::builder().nodes([1, 2, 3]).placement(placement).build()?;
/// assert!(ring.locate(&7).is_some());
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DynPlacement(Arc<dyn Hidden>);

impl DynPlacement {
    /// Hides the type of `placement`.
    #[must_use]
    pub fn new<P>(placement: P) -> Self
    where
        P: Placement<Table: 'static, Hash = StableHash> + 'static,
    {
        Self(Arc::new(placement))
    }
}

impl Placement for DynPlacement {
    type Table = DynTable;
    type Hash = StableHash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<DynTable, Error> {
        self.0.build_hidden(members, limits)
    }

    fn change(
        &self,
        old: &DynTable,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<DynTable, Error> {
        self.0.change_hidden(old, before, members, limits)
    }

    fn by_name(&self) -> bool {
        self.0.is_by_name()
    }

    fn with_state(&self, table: &DynTable, members: &[Member]) -> Option<Self> {
        self.0.with_hidden_state(table, members)
    }

    fn forget_state(&mut self) {
        // Whoever shares the recipe shares its state, and keeps it.
        if let Some(placement) = Arc::get_mut(&mut self.0) {
            placement.forget_hidden_state();
        }
    }
}

/// The table of a [`DynPlacement`].
pub struct DynTable(Box<dyn AnyTable>);

impl fmt::Debug for DynTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Table for DynTable {
    fn locate(&self, hash: u64) -> Option<usize> {
        self.0.locate(hash)
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        self.0.candidate(hash, walk)
    }

    fn layout(&self) -> Layout<'_> {
        self.0.layout()
    }

    fn size(&self) -> (usize, usize) {
        self.0.size()
    }
}

/// A table that can be taken for what it is.
trait AnyTable: Table {
    fn as_any(&self) -> &dyn Any;
}

impl<T: Table + 'static> AnyTable for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A placement whose type is forgotten.
trait Hidden: fmt::Debug + Send + Sync {
    fn build_hidden(&self, members: &[Member], limits: Limits) -> Result<DynTable, Error>;
    fn change_hidden(
        &self,
        old: &DynTable,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<DynTable, Error>;
    fn is_by_name(&self) -> bool;
    fn with_hidden_state(&self, table: &DynTable, members: &[Member]) -> Option<DynPlacement>;
    fn forget_hidden_state(&mut self);
}

impl<P> Hidden for P
where
    P: Placement<Table: 'static, Hash = StableHash> + 'static,
{
    fn build_hidden(&self, members: &[Member], limits: Limits) -> Result<DynTable, Error> {
        Ok(DynTable(Box::new(self.build(members, limits)?)))
    }

    fn change_hidden(
        &self,
        old: &DynTable,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<DynTable, Error> {
        match old.0.as_any().downcast_ref() {
            Some(old) => Ok(DynTable(Box::new(
                self.change(old, before, members, limits)?,
            ))),
            None => self.build_hidden(members, limits),
        }
    }

    fn is_by_name(&self) -> bool {
        self.by_name()
    }

    fn with_hidden_state(&self, table: &DynTable, members: &[Member]) -> Option<DynPlacement> {
        let table = table.0.as_any().downcast_ref()?;
        self.with_state(table, members).map(DynPlacement::new)
    }

    fn forget_hidden_state(&mut self) {
        self.forget_state();
    }
}
