//! The core as stories: text in, transcript out. A story is a list of commands (see [`world`]), its transcript is
//! what the engine told and did. After every single input the laws in [`world`] are checked, whatever the story.

mod broker;
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
