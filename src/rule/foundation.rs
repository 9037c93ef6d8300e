//! What a ruleset of very many topics keeps, so that an edited file can be compiled without the others.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rustc_hash::FxHashSet;

use super::def::{ConceptDef, RuleFiles};
use super::file::RuleFile;
use super::lexer::SpentRegexes;
use crate::model::{Source, SourceId};

/// What is needed to compile an edited file without the others.
#[derive(Debug)]
pub(super) struct Foundation {
    /// The files, by the number of their source.
    pub files: Vec<RuleFile>,
    /// By name.
    pub concepts: BTreeMap<String, ConceptDef>,
    /// What is left for those of an edit: the limit is that of all rules. Those that the edit takes away count too; where
    /// that matters, everything is read.
    pub regexes: SpentRegexes,
}

impl Foundation {
    /// `reached`: files whose topics others refer to.
    pub(super) fn new(files: &mut RuleFiles, reached: &FxHashSet<SourceId>) -> Self {
        let of_concepts = files.concepts.values().map(|concept| concept.span.source);
        let shared: FxHashSet<SourceId> = (of_concepts.chain(files.surges.iter().map(|surge| surge.span.source)))
            .chain(reached.iter().copied())
            .collect();
        let stamps = std::mem::take(&mut files.stamps);
        let of_file = |(number, source): (usize, &Source)| RuleFile {
            path: PathBuf::clone(&source.path),
            stamp: stamps.get(number).copied().flatten(),
            stands_alone: !shared.contains(&source.id),
        };
        let known = files.sources.iter().enumerate().map(of_file).collect();
        Self {
            files: known,
            concepts: std::mem::take(&mut files.concepts),
            regexes: std::mem::take(&mut files.regexes),
        }
    }
}
