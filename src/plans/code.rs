//! Every code a problem of a plan file can carry. A code is a promise: it never changes its meaning.

macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*

        /// Every code with what it means, in order.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),*];
    };
}

codes! {
    UNREADABLE      "P001" "The file could not be read."
    NOT_UTF8        "P002" "The file is not UTF-8 text."
    TOO_LARGE       "P003" "The file is larger than 64 KiB."
    EMPTY           "P004" "The file holds no plan."
    SYNTAX          "P005" "The text is not YAML."
    TAB             "P006" "A tab stands where YAML wants spaces."
    ALIAS           "P007" "Anchors, aliases and merge keys are refused: a plan says everything in one place."
    TAG             "P008" "YAML tags and directives are refused: every value is what it looks like."
    DOCUMENTS       "P009" "The file holds several YAML documents."
    BUDGET          "P010" "The text is nested too deeply or holds too many values."
    DUPLICATE_KEY   "P011" "A key stands twice in one mapping."
    UNKNOWN_KEY     "P012" "A key that plans do not have."
    MISSING         "P013" "A field that every plan has is missing, or has no value."
    WRONG_TYPE      "P014" "A value is of another kind than its field."
    BAD_KEY         "P015" "A key is not a plain word."
    MANY_PROBLEMS   "P016" "The file has more problems than are told at once."

    PLAN_ID         "P020" "plan_id is not 1 to 100 of A-Z, 0-9 and underscore."
    SYMBOL          "P021" "symbol is not a ticker."
    NUMBER          "P022" "A number is not written as a plain decimal."
    DECIMALS        "P023" "A number has more decimals than its field."
    RANGE           "P024" "A number is outside of what its field can hold."
    WORD            "P025" "A word is none of those the field knows."
    TIMEFRAME       "P026" "A timeframe that prusik does not have."
    RULE_NAME       "P027" "A rule's name is not 1 to 64 of a-z, 0-9, underscore and hyphen."
    MOMENT          "P028" "A moment is neither RFC 3339 nor a date."
    TEXT            "P029" "A text is too long."
    NOT_YET         "P030" "Something plans may say later, but prusik cannot do yet."
    STATUS          "P031" "status is ignored: what became of a plan is remembered by prusik, not by its file."

    LINK            "P040" "The name belongs to a link, a folder or a device, not to a file."
    DUPLICATE_PLAN  "P041" "Two plans have one plan_id; the later is refused."
    FOLDER          "P042" "The folder of plans could not be read."
    FILE_NAME       "P043" "The file's name is not UTF-8 text."
    KEPT            "P044" "The file is bad now; its last good version stays in force."

    SAME_SIDE       "P101" "stop_loss and take_profit are on the same side of entry_level."
    STOP_SIDE       "P102" "stop_loss is on the winning side of entry_level."
    STOP_AT_ENTRY   "P103" "stop_loss equals entry_level: there is no risk to size by."
    TARGET_SIDE     "P104" "take_profit is on the losing side of entry_level."
    TARGET_AT_ENTRY "P105" "take_profit equals entry_level."
    STOP_DISTANCE   "P110" "stop_loss is unusually near to entry_level, or far from it."
    VALIDITY        "P111" "valid_until is not after valid_from."
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_code_is_its_own_and_they_stand_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
