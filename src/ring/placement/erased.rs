//! A placement that is chosen at run time.

use std::sync::Arc;

use super::{Cursor, Layout, Limits, Member, Placement, Table};
use crate::ring::Error;

/// Any placement behind one type, for a choice that is made at run time.
///
/// ```
/// use tenfold::ring::placement::{DynPlacement, Erased};
/// use tenfold::ring::{Maglev, Native, Ring};
///
/// let even_load = true;
/// let placement: DynPlacement = if even_load { Erased::new(Maglev::default()) } else { Erased::new(Native::default()) };
/// let ring: Ring<_, DynPlacement> = Ring::builder().nodes([1, 2, 3]).placement(placement).build()?;
/// assert!(ring.locate(&7).is_some());
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
pub type DynPlacement = Arc<dyn Placement<Table = Box<dyn Table>>>;

/// Wraps a placement so that it fits into a [`DynPlacement`]. A lookup then costs one indirect call more.
#[derive(Clone, Debug)]
pub struct Erased<P>(P);

impl<P: Placement<Table: 'static> + 'static> Erased<P> {
    /// Hides the type of `placement`.
    #[expect(
        clippy::new_ret_no_self,
        reason = "the wrapped value is of no use to the caller"
    )]
    pub fn new(placement: P) -> DynPlacement {
        Arc::new(Self(placement))
    }
}

impl<P: Placement<Table: 'static>> Placement for Erased<P> {
    type Table = Box<dyn Table>;

    fn build(&self, members: &[Member], limits: Limits) -> Result<Self::Table, Error> {
        Ok(Box::new(self.0.build(members, limits)?))
    }
}

impl<P: Placement + ?Sized> Placement for Arc<P> {
    type Table = P::Table;

    fn build(&self, members: &[Member], limits: Limits) -> Result<Self::Table, Error> {
        (**self).build(members, limits)
    }
}

impl<T: Table + ?Sized> Table for Box<T> {
    fn locate(&self, hash: u64) -> Option<usize> {
        (**self).locate(hash)
    }

    fn step(&self, cursor: &mut Cursor) -> Option<usize> {
        (**self).step(cursor)
    }

    fn layout(&self) -> Layout<'_> {
        (**self).layout()
    }

    fn size(&self) -> (usize, usize) {
        (**self).size()
    }
}
