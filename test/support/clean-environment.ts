/** Programs a test starts run as a user would start them: without the options of the test runner's own Node.js. */
delete process.env.NODE_OPTIONS;
delete process.env.NODE_TEST_CONTEXT;
