//! What a request must be like for a rule.

use crate::balance::Request;

/// What a rule of a [`Route`](super::Route) asks of a request: all that is listed.
///
/// ```
/// use tenfold::balance::{Request, When};
///
/// let beta = When::any().path("/api").cookie("beta", "yes");
/// let fields = [("Cookie", "lang=en; beta=yes")];
/// let request = Request::new().path("/api/users?page=2").fields(&fields);
/// assert!(beta.holds(&request));
/// assert!(!beta.holds(&Request::new().path("/apiary").fields(&fields)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a condition does nothing by itself"]
pub struct When(Vec<Test>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Path(Box<str>),
    Field(Box<str>, Box<str>),
    HasField(Box<str>),
    Cookie(Box<str>, Box<str>),
}

impl When {
    /// Any request.
    pub const fn any() -> Self {
        Self(Vec::new())
    }

    /// And the path is this one or below it: `/api` means `/api`, `/api/users` and `/api?x=1`, but not `/apiary`.
    pub fn path(self, prefix: impl Into<Box<str>>) -> Self {
        self.and(Test::Path(prefix.into()))
    }

    /// And the header field of this name, whatever the case of its letters, has this value.
    pub fn field(self, name: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
        self.and(Test::Field(name.into(), value.into()))
    }

    /// And there is a header field of this name, whatever the case of its letters.
    pub fn has_field(self, name: impl Into<Box<str>>) -> Self {
        self.and(Test::HasField(name.into()))
    }

    /// And the cookie of this name has this value, with quotation marks or without, in the first `Cookie` field.
    pub fn cookie(self, name: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
        self.and(Test::Cookie(name.into(), value.into()))
    }

    fn and(mut self, test: Test) -> Self {
        self.0.push(test);
        self
    }

    /// Whether a request is like this.
    #[must_use]
    pub fn holds(&self, request: &Request<'_>) -> bool {
        self.0.iter().all(|test| match test {
            Test::Path(prefix) => request
                .known_path()
                .is_some_and(|path| is_below(path, prefix)),
            Test::Field(name, value) => request.field(name) == Some(value),
            Test::HasField(name) => request.field(name).is_some(),
            Test::Cookie(name, value) => {
                let cookies = request.field("cookie");
                cookies.and_then(|cookies| cookie(cookies, name)) == Some(value)
            }
        })
    }
}

fn is_below(path: &str, prefix: &str) -> bool {
    let Some(rest) = path.strip_prefix(prefix) else {
        return false;
    };
    rest.is_empty()
        || prefix.is_empty()
        || prefix.ends_with('/')
        || rest.starts_with(['/', '?', '#'])
}

/// The value of the first cookie of this name.
fn cookie<'c>(cookies: &'c str, name: &str) -> Option<&'c str> {
    let mut pairs = cookies.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| known.trim() == name)?;
    let value = value.trim();
    let quoted = |value: &'c str| value.strip_prefix('"')?.strip_suffix('"');
    Some(quoted(value).unwrap_or(value))
}
