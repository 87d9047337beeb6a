// The event queue against a sorted list; its order, its horizon, its bell.
#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "soc/event.h"
#include "tests/soc/bench.h"

namespace
{

struct Queue : World {
    struct Tag {
        Queue *q;
        unsigned number;
    };
    EventQueue queue;
    std::deque<Event> event;
    std::deque<Tag> tag;
    std::vector<std::pair<unsigned, uint64_t>> ran; // number, when
    std::vector<uint64_t> bells;

    explicit Queue(const std::vector<EventPhase> &phases)
    {
        event_queue_init(&queue, world);
        for (unsigned i = 0; i < phases.size(); i++) {
            event.emplace_back();
            tag.push_back({this, i});
            event_init(
                &queue, &event[i], "e", phases[i],
                [](void *opaque, uint64_t when) {
                    auto *t = static_cast<Tag *>(opaque);
                    t->q->ran.emplace_back(t->number, when);
                },
                &tag[i]);
        }
        queue.opaque = this;
        queue.shortened = [](void *self, uint64_t horizon) {
            static_cast<Queue *>(self)->bells.push_back(horizon);
        };
    }
    ~Queue() { event_queue_fini(&queue); }
    std::vector<unsigned> order() const
    {
        std::vector<unsigned> numbers;
        for (auto &r : ran) {
            numbers.push_back(r.first);
        }
        return numbers;
    }
};

using Numbers = std::vector<unsigned>;

TEST(Event, TiesGoByPhaseThenByIdNotByOrderOfScheduling)
{
    Queue q({EVENT_LATE, EVENT_NORMAL, EVENT_LATE, EVENT_NORMAL});
    for (unsigned i : {2u, 3u, 0u, 1u}) {
        event_schedule(&q.queue, &q.event[i], 50);
    }
    event_run_until(&q.queue, 51);
    EXPECT_EQ((Numbers{1, 3, 0, 2}), q.order());
}

TEST(Event, RunUntilLeavesLateEventsOfThatTime)
{
    Queue q({EVENT_LATE, EVENT_NORMAL});
    event_schedule(&q.queue, &q.event[0], 50);
    event_schedule(&q.queue, &q.event[1], 50);
    EXPECT_EQ(50u, event_horizon(&q.queue));
    event_run_until(&q.queue, 49);
    EXPECT_EQ(0u, q.ran.size());
    event_run_until(&q.queue, 50);
    EXPECT_EQ((Numbers{1}), q.order());
    EXPECT_EQ(51u, event_horizon(&q.queue)); // initiators act at 50 first
    EXPECT_EQ(50u, event_next(&q.queue));
    event_run_until(&q.queue, 51);
    EXPECT_EQ((Numbers{1, 0}), q.order());
    EXPECT_EQ(TIME_NEVER, event_horizon(&q.queue));
}

TEST(Event, NowNeverGoesBackAndThePastIsNow)
{
    Queue q({EVENT_NORMAL, EVENT_NORMAL});
    event_schedule(&q.queue, &q.event[0], 50);
    q.world->now = 70; // an initiator got that far
    event_run_one(&q.queue);
    EXPECT_EQ(70u, q.world->now);
    EXPECT_EQ(50u, q.ran[0].second); // told when it was due
    event_schedule(&q.queue, &q.event[1], 10);
    EXPECT_EQ(70u, event_next(&q.queue));
    event_run_one(&q.queue);
    EXPECT_EQ(70u, q.world->now);
    event_run_one(&q.queue); // nothing left: nothing happens
    EXPECT_EQ(2u, q.ran.size());
}

TEST(Event, NeverCancels)
{
    Queue q({EVENT_NORMAL});
    event_schedule(&q.queue, &q.event[0], 5);
    EXPECT_TRUE(event_pending(&q.event[0]));
    event_schedule(&q.queue, &q.event[0], TIME_NEVER);
    EXPECT_FALSE(event_pending(&q.event[0]));
    event_cancel(&q.queue, &q.event[0]);
    EXPECT_EQ(TIME_NEVER, event_next(&q.queue));
    event_run_until(&q.queue, TIME_NEVER);
    EXPECT_TRUE(q.ran.empty());
}

TEST(Event, TheBellRingsOnlyForAnEarlierHorizon)
{
    Queue q({EVENT_NORMAL, EVENT_NORMAL, EVENT_LATE});
    event_schedule(&q.queue, &q.event[0], 100);
    event_schedule(&q.queue, &q.event[1], 200); // later: silence
    event_schedule(&q.queue, &q.event[2], 40);  // late: up to and with 40
    event_schedule(&q.queue, &q.event[1], 40);  // normal: up to 40
    event_schedule(&q.queue, &q.event[1], 300); // moved away: silence
    event_schedule(&q.queue, &q.event[2], 60);
    EXPECT_EQ((std::vector<uint64_t>{100, 41, 40}), q.bells);
}

// Random schedules, moves and cancels against a list that is sorted anew.
TEST(EventProperty, SameOrderAsASortedList)
{
    for (unsigned seed = 0; seed < 200; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        auto pick = [&](unsigned n) {
            return static_cast<unsigned>(rng() % n);
        };
        std::vector<EventPhase> phases(1 + pick(40));
        for (auto &p : phases) {
            p = pick(4) ? EVENT_NORMAL : EVENT_LATE;
        }
        Queue q(phases);
        using Key = std::tuple<uint64_t, int, unsigned>; // when, phase, number
        std::vector<Key> model;
        std::vector<std::pair<unsigned, uint64_t>> expected;
        auto drop = [&](unsigned i) {
            model.erase(std::remove_if(
                            model.begin(), model.end(),
                            [&](const Key &k) { return std::get<2>(k) == i; }),
                        model.end());
        };
        for (int step = 0; step < 300; step++) {
            unsigned i = pick(static_cast<unsigned>(phases.size()));
            switch (pick(4)) {
            case 0:
            case 1: {
                uint64_t when = q.world->now + pick(20);
                event_schedule(&q.queue, &q.event[i], when);
                drop(i);
                model.emplace_back(when, phases[i], i);
                break;
            }
            case 2:
                event_cancel(&q.queue, &q.event[i]);
                drop(i);
                break;
            default: {
                uint64_t until = q.world->now + pick(6);
                event_run_until(&q.queue, until);
                std::sort(model.begin(), model.end());
                while (!model.empty()) {
                    auto [when, phase, number] = model.front();
                    if (when + (phase == EVENT_LATE) > until) {
                        break;
                    }
                    expected.emplace_back(number, when);
                    model.erase(model.begin());
                }
                q.world->now = until;
            }
            }
            std::sort(model.begin(), model.end());
            ASSERT_EQ(expected, q.ran);
            ASSERT_EQ(model.empty() ? TIME_NEVER : std::get<0>(model[0]),
                      event_next(&q.queue));
        }
    }
}

} // namespace
