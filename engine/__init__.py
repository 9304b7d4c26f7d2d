"""The reasoning of 准绳: rule text becomes one tree, and each reading of the tree answers one question. Pure.

Nothing here reads a clock, a file, a socket or a random number, starts a thread or logs; dates, facts and rule bytes
are arguments. START HERE: `engine.decide`.
"""

from engine.decide import decide
from engine.decision import MEANING, Decision, Outcome, Refusal, Step, Wire, to_wire
from engine.errors import EngineError, Finding, RuleFilesInvalid
from engine.given import GivenFact, GivenFacts
from engine.joined import Act, Joint, JointRefusal, joint_to_wire
from engine.joint import decide_together
from engine.load import load_rulebook
from engine.rulebook import Rulebook, digest_of

__all__ = [
    "MEANING",
    "Act",
    "Decision",
    "EngineError",
    "Finding",
    "GivenFact",
    "GivenFacts",
    "Joint",
    "JointRefusal",
    "Outcome",
    "Refusal",
    "RuleFilesInvalid",
    "Rulebook",
    "Step",
    "Wire",
    "decide",
    "decide_together",
    "digest_of",
    "joint_to_wire",
    "load_rulebook",
    "to_wire",
]
