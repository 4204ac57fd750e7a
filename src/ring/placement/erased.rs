//! A placement that is chosen at run time.

use std::sync::Arc;

use super::{Layout, Limits, Member, Placement, Table};
use crate::ring::Error;

/// Any placement behind one type, for a choice that is made at run time. A lookup costs one indirect call more.
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
pub struct DynPlacement(Arc<dyn Placement<Table = Box<dyn Table>>>);

impl DynPlacement {
    /// Hides the type of `placement`.
    #[must_use]
    pub fn new<P: Placement<Table: 'static> + 'static>(placement: P) -> Self {
        Self(Arc::new(Erased(placement)))
    }
}

impl Placement for DynPlacement {
    type Table = Box<dyn Table>;

    fn build(&self, members: &[Member], limits: Limits) -> Result<Self::Table, Error> {
        self.0.build(members, limits)
    }
}

#[derive(Debug)]
struct Erased<P>(P);

impl<P: Placement<Table: 'static>> Placement for Erased<P> {
    type Table = Box<dyn Table>;

    fn build(&self, members: &[Member], limits: Limits) -> Result<Self::Table, Error> {
        Ok(Box::new(self.0.build(members, limits)?))
    }
}

impl<T: Table + ?Sized> Table for Box<T> {
    fn locate(&self, hash: u64) -> Option<usize> {
        (**self).locate(hash)
    }

    fn candidate(&self, hash: u64, n: usize) -> Option<usize> {
        (**self).candidate(hash, n)
    }

    fn layout(&self) -> Layout<'_> {
        (**self).layout()
    }

    fn size(&self) -> (usize, usize) {
        (**self).size()
    }
}
