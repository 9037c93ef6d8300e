//! Plain data: the nouns of the product. No I/O, no async, no database types.

mod alert;
mod article;
mod change;
mod delivery;
mod diagnostic;
mod feed;
mod history;
mod id;
mod lang;
mod lease;
mod link;
mod matched;
mod notice;
mod schedule;
mod secret;
mod source;
mod time;
mod topic;

pub use alert::{AlertReason, HealthEvent};
pub use article::{Article, TextStatus};
pub use change::{Change, Passage, PriorText};
pub use delivery::{Delivery, DeliveryOutcome, DeliveryState};
pub use diagnostic::{Diagnostic, Label, Report, Severity as DiagnosticSeverity};
pub use feed::{Feed, FeedState, Labels, Validators};
pub use history::{DELAYS_KEPT, FeedHistory};
pub use id::{AlertId, ArticleId, DeliveryId, FeedId, ParseIdError, StoryId};
pub use lang::Lang;
pub use lease::{Claim, Lease, Leased, NodeId};
pub use link::normalise_link;
pub use matched::{Evidence, Field, Match};
pub use notice::{AlertNotice, ArticleNotice, Excerpt, Notice, NoticeKind, OtherArticle, StoryNotice, TopicNotice};
pub use schedule::{CronSchedule, ScheduleError};
pub use secret::Secret;
pub use source::{LineColumn, Source, SourceId, Span};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use topic::{ChannelName, InvalidName, Severity, Topic, TopicId};
