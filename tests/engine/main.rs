//! The core as stories: text in, transcript out. A story is a list of commands (see [`world`]), its transcript is
//! what the engine told and did. After every single input the laws in [`checks`] hold, whatever the story.

mod broker;
mod checks;
mod rules;
mod world;
mod writing;

mod edits;
mod entries;
mod gate;
mod laws;
mod orders;
mod positions;
mod recovery;
