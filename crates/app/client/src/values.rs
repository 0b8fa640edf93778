//! The values of one execution: by position or by name.

use crate::Value;

/// What a statement's markers are bound to.
///
/// Tuples, arrays and vectors go by position, [`Values::named`] by name:
///
/// ```
/// use quorate_client::Values;
///
/// let by_position: Values = (7_i32, "tea", None::<f64>).into();
/// assert_eq!(by_position.len(), 3);
/// let by_name = Values::named([("user", "ada"), ("item", "tea")]);
/// assert_eq!(by_name.len(), 2);
/// assert!(Values::from(()).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// One for each marker, in order.
    Positional(Vec<Value>),
    /// One for each marker's name.
    Named(Vec<(String, Value)>),
}

impl Values {
    /// By position.
    pub fn positional<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Positional(values.into_iter().map(Into::into).collect())
    }

    /// By name.
    pub fn named<N: Into<String>, V: Into<Value>>(
        values: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let pairs = values
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self::Named(pairs.collect())
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::Positional(values) => values.len(),
            Self::Named(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of the marker at `position`, called `name`.
    pub(crate) fn of_marker(&self, position: usize, name: &str) -> Option<&Value> {
        match self {
            Self::Positional(values) => values.get(position),
            Self::Named(values) => values
                .iter()
                .find(|(candidate, _)| candidate == name)
                .map(|(_, value)| value),
        }
    }
}

impl Default for Values {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

impl From<()> for Values {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<Vec<Value>> for Values {
    fn from(values: Vec<Value>) -> Self {
        Self::Positional(values)
    }
}

impl From<&[Value]> for Values {
    fn from(values: &[Value]) -> Self {
        Self::Positional(values.to_vec())
    }
}

impl From<Vec<(String, Value)>> for Values {
    fn from(values: Vec<(String, Value)>) -> Self {
        Self::Named(values)
    }
}

impl<V: Into<Value>, const N: usize> From<[V; N]> for Values {
    fn from(values: [V; N]) -> Self {
        Self::positional(values)
    }
}

macro_rules! from_tuples {
    ($($name:ident)+) => {
        impl<$($name: Into<Value>),+> From<($($name,)+)> for Values {
            fn from(values: ($($name,)+)) -> Self {
                #[expect(non_snake_case, reason = "named after the type parameters")]
                let ($($name,)+) = values;
                Self::Positional(vec![$($name.into()),+])
            }
        }
    };
}
from_tuples!(A);
from_tuples!(A B);
from_tuples!(A B C);
from_tuples!(A B C D);
from_tuples!(A B C D E);
from_tuples!(A B C D E F);
from_tuples!(A B C D E F G);
from_tuples!(A B C D E F G H);
from_tuples!(A B C D E F G H I);
from_tuples!(A B C D E F G H I J);
from_tuples!(A B C D E F G H I J K);
from_tuples!(A B C D E F G H I J K L);
from_tuples!(A B C D E F G H I J K L M);
from_tuples!(A B C D E F G H I J K L M N);
from_tuples!(A B C D E F G H I J K L M N O);
from_tuples!(A B C D E F G H I J K L M N O P);
