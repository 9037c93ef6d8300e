//! The [`Rules`] in force: a ruleset and, where it is a large one, the files edited since it was compiled.
//!
//! Compiling a hundred thousand topics takes seconds. Of an edit only the files that changed are compiled, into a ruleset of
//! their own that stands above the large one and hides its topics of the same files. That is exact only where nothing
//! reaches over the border, so concepts, volume alerts and topics that refer to each other across files are left to a full
//! reading, as is whatever is wrong: it has the messages for it.

use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest as _, Sha256};

use super::cost::{Costs, TopicCost};
use super::document::Document;
use super::explain::{Explanation, explain};
use super::file::{load_edited, stamps};
use super::ruleset::{Circumstances, Judgement, Ruleset, short_hash};
use super::scanner::Scratch;
use crate::model::{Article, Labels, SourceId, Timestamp, Topic, TopicId};

/// All rules in force, immutable and shared between threads.
#[derive(Debug)]
pub struct Rules {
    base: Arc<Ruleset>,
    edit: Option<Edit>,
    revision: String,
}

/// What was edited since the base was compiled.
#[derive(Debug)]
struct Edit {
    /// The topics of the files that changed or came.
    ruleset: Ruleset,
    /// The base's enabled topics of the files that changed or went.
    hidden: FxHashSet<TopicId>,
}

/// Memory for judging that is used again and again; one per thread.
#[derive(Debug)]
pub struct RulesScratch {
    base: Scratch,
    edit: Scratch,
}

impl Default for RulesScratch {
    fn default() -> Self {
        Self { base: Scratch::with_costs(), edit: Scratch::with_costs() }
    }
}

/// What the topics have cost.
#[derive(Debug, Default)]
pub struct RulesCosts {
    base: Costs,
    edit: Costs,
}

impl From<Ruleset> for Rules {
    fn from(ruleset: Ruleset) -> Self {
        let revision = ruleset.revision().to_owned();
        Self { base: Arc::new(ruleset), edit: None, revision }
    }
}

impl Rules {
    /// The same rules with the edits of their files, without reading the files that did not change: a path is a file or a
    /// folder, as for [`load`](super::load). `None` where only reading everything can tell: the rules are few, what was
    /// edited reaches beyond its file, or something is wrong.
    ///
    /// Whether a file changed is told by its size, its times and its number in the file system, so whoever relies on this
    /// reads everything soon after.
    #[must_use]
    pub fn edited(&self, paths: &[PathBuf]) -> Option<Self> {
        let foundation = self.base.foundation()?;
        let known = &foundation.files;
        let by_path: FxHashMap<&PathBuf, usize> =
            known.iter().enumerate().map(|(number, file)| (&file.path, number)).collect();
        let mut is_as_it_was = vec![false; known.len()];
        let mut changed = Vec::new();
        for (path, stamp) in stamps(paths)? {
            match by_path.get(&path) {
                Some(&number) if known[number].stamp == Some(stamp) => is_as_it_was[number] = true,
                _ => changed.push(path),
            }
        }
        if known.iter().zip(&is_as_it_was).any(|(file, &stays)| !stays && !file.stands_alone) {
            return None;
        }
        let files = load_edited(&changed, &foundation.concepts, &foundation.regexes);
        let defines_more = files.concepts.len() > foundation.concepts.len() || !files.surges.is_empty();
        if defines_more || files.report.has_errors() {
            return None;
        }
        let is_hidden = |file: SourceId| !is_as_it_was.get(file.0 as usize).copied().unwrap_or(true);
        let is_taken = |id: &TopicId| self.base.file_of(id).is_some_and(|file| !is_hidden(file));
        if files.topics.iter().any(|topic| is_taken(&topic.id)) {
            return None;
        }
        let hidden: FxHashSet<TopicId> = self.base.topics_of_files(is_hidden).map(|topic| topic.id.clone()).collect();
        let ruleset = Ruleset::compile(files).0?;
        let mut hash = Sha256::new();
        let mut ids: Vec<&TopicId> = hidden.iter().collect();
        ids.sort_unstable();
        for part in [self.base.revision(), ruleset.revision()].into_iter().chain(ids.iter().map(|id| id.as_str())) {
            hash.update(part);
            hash.update([0]);
        }
        let revision = short_hash(hash);
        Some(Self { base: Arc::clone(&self.base), edit: Some(Edit { ruleset, hidden }), revision })
    }

    /// How many topics are enabled.
    #[must_use]
    pub fn topic_count(&self) -> usize {
        let edited = self.edit.as_ref().map_or((0, 0), |edit| (edit.ruleset.topics().len(), edit.hidden.len()));
        self.base.topics().len() + edited.0 - edited.1
    }

    /// The enabled topics, in no order.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        let is_shown = |topic: &&Arc<Topic>| self.edit.as_ref().is_none_or(|edit| !edit.hidden.contains(&topic.id));
        let edited = self.edit.iter().flat_map(|edit| edit.ruleset.topics());
        self.base.topics().iter().filter(is_shown).chain(edited)
    }

    /// 16 hexadecimal digits that change with the text of any rule file.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// What all enabled topics make of an article. Its language is detected where the article doesn't say it.
    pub fn judge(
        &self,
        scratch: &mut RulesScratch,
        article: &Article,
        feed_labels: &Labels,
        now: Timestamp,
    ) -> Judgement {
        let mut judgement = self.base.judge(&mut scratch.base, article, feed_labels, now);
        if let Some(edit) = &self.edit {
            let edited = edit.ruleset.judge(&mut scratch.edit, article, feed_labels, now);
            judgement.matches.retain(|found| !edit.hidden.contains(&found.topic.id));
            judgement.matches.extend(edited.matches);
            judgement.matches.sort_by(|a, b| a.topic.id.cmp(&b.topic.id));
            judgement.errors.extend(edited.errors);
        }
        judgement
    }

    /// Explains one topic on one article; `None` if there is no such topic.
    #[must_use]
    pub fn explain(
        &self,
        topic: &TopicId,
        document: &Document<'_>,
        circumstances: Circumstances<'_>,
    ) -> Option<Explanation> {
        let edited = self.edit.as_ref().and_then(|edit| explain(&edit.ruleset, topic, document, circumstances));
        let is_hidden = self.edit.as_ref().is_some_and(|edit| edit.hidden.contains(topic));
        edited.or_else(|| if is_hidden { None } else { explain(&self.base, topic, document, circumstances) })
    }

    /// What the enabled topics have cost, by id.
    #[must_use]
    pub fn topic_costs(&self, costs: &RulesCosts) -> Vec<TopicCost> {
        let mut of_topics = self.base.topic_costs(&costs.base);
        if let Some(edit) = &self.edit {
            of_topics.retain(|cost| !edit.hidden.contains(&cost.topic.id));
            of_topics.extend(edit.ruleset.topic_costs(&costs.edit));
            of_topics.sort_by(|a, b| a.topic.id.cmp(&b.topic.id));
        }
        of_topics
    }
}

impl RulesCosts {
    /// Adds what a thread has gathered since the last call.
    pub fn take_from(&mut self, scratch: &mut RulesScratch) {
        for (sum, of) in [(&mut self.base, &mut scratch.base), (&mut self.edit, &mut scratch.edit)] {
            if let Some(latest) = of.take_costs() {
                sum.add(&latest);
            }
        }
    }
}
