//! How placements are stored: by name, so that one is not read as another.

/// The stored form of a placement, `{"native":{"points":160}}`, as a type `Stored` that converts both ways.
macro_rules! stored {
    ($placement:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* }) => {
        #[derive(Clone)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
        enum Stored {
            $placement { $($(#[$attribute])* $field: $type),* },
        }

        impl From<Stored> for $placement {
            fn from(Stored::$placement { $($field),* }: Stored) -> Self {
                Self { $($field),* }
            }
        }

        impl From<$placement> for Stored {
            fn from($placement { $($field),* }: $placement) -> Self {
                Self::$placement { $($field),* }
            }
        }
    };
}
pub(super) use stored;
