//! Ids, derived from natural keys (UUID version 5, RFC 9562 §5.5), never drawn at random: doing the same work twice
//! gives the same row.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Root of all of vedetta's derived ids; itself derived from a fixed name.
const NAMESPACE: Uuid = Uuid::from_u128(0x7ed2_77a0_5b0e_5c1a_9d3e_0f6a_1c4b_8e21);

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: expected 32 hexadecimal digits")]
pub struct ParseIdError(String);

fn derive(kind: &str, parts: &[&str]) -> Uuid {
    let mut key = Vec::with_capacity(64);
    for part in std::iter::once(&kind).chain(parts) {
        // Length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
        key.extend_from_slice(&(part.len() as u64).to_le_bytes());
        key.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &key)
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// Printed, stored and parsed as 32 lower-case hexadecimal digits without hyphens.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Derives the id from the parts of its natural key, in order.
            #[must_use]
            pub fn derive(parts: &[&str]) -> Self {
                Self(derive($kind, parts))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

id! {
    /// A feed: derived from its URL as configured.
    FeedId = "feed";
    /// An article: derived from (feed, guid or normalised link or content hash).
    ArticleId = "article";
    /// A story: derived from (topic, lead article).
    StoryId = "story";
    /// An alert: derived from (topic, story, what makes it a further message).
    AlertId = "alert";
    /// A delivery: derived from (channel, recipient, alert), or (channel, recipient, digest window).
    DeliveryId = "delivery";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_id_and_parts_do_not_run_together() {
        assert_eq!(ArticleId::derive(&["a", "bc"]), ArticleId::derive(&["a", "bc"]));
        assert_ne!(ArticleId::derive(&["a", "bc"]), ArticleId::derive(&["ab", "c"]));
        assert_ne!(ArticleId::derive(&["a"]).to_string(), StoryId::derive(&["a"]).to_string());
    }

    #[test]
    fn an_id_survives_printing_and_parsing() {
        let id = DeliveryId::derive(&["desk", "a@example.org", "x"]);
        assert_eq!(id.to_string().len(), 32);
        assert_eq!(id.to_string().parse::<DeliveryId>(), Ok(id));
    }
}
