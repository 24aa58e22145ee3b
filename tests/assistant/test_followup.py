from __future__ import annotations

import pytest

from lectern.assistant.followup import depends_on_conversation, rewrite_followup
from lectern.assistant.model import Turn

JACOBIAN = [Turn("What is the Jacobian of an arm?", "The Jacobian maps joint rates. [1]")]
TOPICS = [Turn("How do ROS 2 topics work?", "A topic carries messages. [1]")]

LEANING = [
    ("How do I compute it?", JACOBIAN, "Jacobian arm"),
    ("Why?", JACOBIAN, "Jacobian arm"),
    ("why is that?", JACOBIAN, "Jacobian arm"),
    ("And for prismatic joints?", JACOBIAN, "Jacobian arm"),
    ("for a revolute joint?", JACOBIAN, "Jacobian arm"),
    ("What about singularities?", JACOBIAN, "Jacobian arm"),
    ("how about the wrist", JACOBIAN, "Jacobian arm"),
    ("Show me an example", JACOBIAN, "Jacobian arm"),
    ("Can you give me some Python code?", JACOBIAN, "Jacobian arm"),
    ("in python?", JACOBIAN, "Jacobian arm"),
    ("Can you explain that in more detail?", JACOBIAN, "Jacobian arm"),
    ("What are its columns?", JACOBIAN, "Jacobian arm"),
    ("What does the second column mean?", JACOBIAN, "Jacobian arm"),
    ("When does this matrix lose rank?", JACOBIAN, "Jacobian arm"),
    ("What are the units?", JACOBIAN, "Jacobian arm"),
    ("How do I get the inverse?", JACOBIAN, "Jacobian arm"),
    ("tell me more", JACOBIAN, "Jacobian arm"),
    ("What if the robot has seven joints?", JACOBIAN, "Jacobian arm"),
    ("Does that work for parallel robots?", JACOBIAN, "Jacobian arm"),
    ("Which one is faster?", TOPICS, "ROS 2 topics"),
    ("How are they different from services?", TOPICS, "ROS 2 topics"),
    ("What is the difference?", TOPICS, "ROS 2 topics"),
    ("Can I use services instead?", TOPICS, "ROS 2 topics"),
    ("and with best effort reliability?", TOPICS, "ROS 2 topics"),
    ("Is there a limit on their size?", TOPICS, "ROS 2 topics"),
    ("What's the default?", TOPICS, "ROS 2 topics"),
    ("Do actions use DDS too?", TOPICS, "ROS 2 topics"),
    ("Does the same hold for redundant arms?", JACOBIAN, "Jacobian"),
    ("Why not just invert the matrix?", JACOBIAN, "Jacobian arm"),
    ("ok, and in 3D?", JACOBIAN, "Jacobian arm"),
    ("How do these two compare?", TOPICS, "ROS 2 topics"),
    ("What do you mean by that?", TOPICS, "ROS 2 topics"),
    ("Who invented it?", TOPICS, "ROS 2 topics"),
    ("go on", TOPICS, "ROS 2 topics"),
]

STANDING = [
    "What is a quaternion?",
    "How do I get the tool velocity from the joint velocities?",
    "And what is a quaternion?",
    "Explain forward kinematics",
    "Show me an example of a rotation matrix",
    "Is it possible to run ROS 2 without DDS?",
    "How long does it take to plan a path around an obstacle?",
    "What is the matrix that rotates about the z axis?",
    "Show that a rotation matrix is orthogonal",
    "If a robot is at a singularity, how do I get it out?",
    "When a joint reaches its limit, what does the controller do?",
    "How does a node know that its parameters changed?",
    "How is the Jacobian computed and when is it singular?",
    "What is the difference between a topic and a service?",
    "Why is the determinant of a rotation matrix one?",
    "What does this error mean: `Failed to load plugin`",
    "How do I fix this: Could not find a package configuration file",
    "What is this book about?",
    "gimbal lock",
    "PID tuning",
    "Does it make sense to use Euler angles for interpolation?",
    "How does a robot use its sensors?",
    "In ROS 2, what is a lifecycle node?",
    "What happens when two frames have the same name?",
    "How do I use quaternions instead of Euler angles?",
    "Which planners does MoveIt offer?",
    "What is a derivative?",
    "ros2 topic echo shows nothing",
    "So how do I calibrate a camera?",
    "How many degrees of freedom does a SCARA arm have?",
    "Who won the 1998 world cup?",
    "Was ist eine Rotationsmatrix?",
    "What sensors does a mobile robot need to localize itself?",
    "What is that thing called where two axes line up and you lose a degree of freedom?",
    "I set use_sim_time but the clock does not advance, why is that?",
    "My node crashes when it receives a message, why?",
    "How do encoders work and what are their limits?",
    "Thanks! Now how do I calibrate a camera?",
]


@pytest.mark.parametrize(("question", "history", "terms"), LEANING, ids=[c[0] for c in LEANING])
def test_a_question_that_leans_on_the_last_one_gets_its_subject(question, history, terms):
    assert rewrite_followup(question, history) == f"{question} ({terms})"


@pytest.mark.parametrize("question", STANDING)
def test_a_question_that_stands_by_itself_stays_as_it_is(question):
    assert rewrite_followup(question, JACOBIAN) == question


@pytest.mark.parametrize("question", ["Why?", "How do I compute it?"])
def test_without_a_conversation_nothing_changes(question):
    assert rewrite_followup(question, []) == question


def test_a_chain_of_leaning_questions_goes_back_to_its_subject():
    history = [*JACOBIAN, Turn("And for prismatic joints?", "A column of zeros."), Turn("Why?", "")]
    assert rewrite_followup("Show me code", history) == (
        "Show me code (Jacobian arm prismatic joints)"
    )


def test_a_topic_that_was_left_is_not_brought_back():
    history = [*JACOBIAN, Turn("What is a ROS 2 service?", "A call.")]
    assert rewrite_followup("Why?", history) == "Why? (ROS 2 service)"


def test_terms_of_the_question_itself_are_not_repeated():
    assert rewrite_followup("Is that a Jacobian?", JACOBIAN) == "Is that a Jacobian? (arm)"


def test_the_answer_serves_where_the_questions_say_nothing():
    history = [Turn("Tell me more", "Slerp interpolates quaternions. [1] It is smooth.")]
    assert rewrite_followup("Why?", history) == "Why? (Slerp interpolates quaternions)"


def test_identifiers_stay_whole():
    history = [Turn("What does `robot_state_publisher` do with /joint_states?", "It publishes.")]
    assert rewrite_followup("Why?", history) == "Why? (`robot_state_publisher` /joint_states)"


@pytest.mark.parametrize("question", ["", "   ", "???", "\n", "😀", "=" * 4000, "it " * 2000])
def test_odd_questions_do_not_hurt(question):
    rewrite_followup(question, JACOBIAN)
    depends_on_conversation(question)
